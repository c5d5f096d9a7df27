import type { BackendDocument } from '../service-schema.js';

/** A backend as a source knows it; as an entry of `backends` is, after defaults. */
export type DiscoveredBackend = BackendDocument;

export type DiscoveryEvent =
  /** All that there are, instead of those told before. */
  | { readonly kind: 'backends'; readonly backends: readonly DiscoveredBackend[] }
  /** Something is not as it should be; says what was expected and found. What was told before stays. */
  | { readonly kind: 'trouble'; readonly message: string };

/**
 * Where backends of a service come from besides its own list. An implementation passes the suite in
 * discovery-compliance.ts.
 */
export interface Discovery extends AsyncDisposable {
  /** For logs: `file /etc/weir/web.yaml`, `dns _http._tcp.example.net`. */
  readonly name: string;
  /**
   * Begins to tell: at once what there is, and then each change. Called once. Nothing is told that was told last, and
   * nothing after disposal.
   */
  follow(listener: (event: DiscoveryEvent) => void): void;
}
