/** How a backend is asked whether it serves; as `healthCheck` has it. Same shape as Probe of package health. */
export type ProbeConfig =
  | { readonly kind: 'icmp' }
  | { readonly kind: 'tcp' }
  | { readonly kind: 'syn' }
  | {
      readonly kind: 'http';
      readonly path: string;
      readonly method: 'GET' | 'HEAD';
      readonly host?: string;
      /** Inclusive ranges of codes. */
      readonly status: readonly (readonly [number, number])[];
      readonly body?: string;
      readonly tls?: ProbeTlsConfig;
    }
  | {
      readonly kind: 'dns';
      readonly name: string;
      readonly recordType: 'A' | 'AAAA' | 'SOA' | 'NS' | 'TXT' | 'SRV';
      readonly transport: 'udp' | 'tcp';
    }
  | { readonly kind: 'grpc'; readonly service: string; readonly tls?: ProbeTlsConfig }
  | { readonly kind: 'script'; readonly command: readonly string[] };

export interface ProbeTlsConfig {
  readonly serverName?: string;
  readonly verify: boolean;
  /** Absolute path of a PEM file. */
  readonly ca?: string;
}

export interface HealthCheckConfig {
  readonly probe: ProbeConfig;
  /** Absent: the backend's port, or else the listener's. */
  readonly port?: number;
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  /** Absent: no damping. */
  readonly damping?: DampingConfig;
}

/** A backend that changes too often is held down, as BGP holds down routes that flap (RFC 2439). */
export interface DampingConfig {
  /** Changes up to down that are borne within {@link withinMs}. */
  readonly changes: number;
  readonly withinMs: number;
  readonly holdMs: number;
}
