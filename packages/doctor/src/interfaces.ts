import type { Host } from './host.js';
import { HostError } from './host-error.js';
import { jsonAnswer } from './json-answer.js';

/** An interface as `ip -json -details link show` tells of it. */
export interface LinkView {
  readonly ifname: string;
  /** Bytes. */
  readonly mtu: number;
  readonly flags: readonly string[];
  readonly num_rx_queues?: number;
  readonly linkinfo?: { readonly info_kind?: string };
  readonly xdp?: {
    /** 1: in the driver, 2: generic, 3: in hardware, 4: several (XDP_ATTACHED_* of linux/if_link.h). */
    readonly mode: number;
    readonly prog?: { readonly id: number; readonly name?: string };
  };
}

/** @returns undefined: there is no interface of this name */
export async function linkOf(host: Host, name: string): Promise<LinkView | undefined> {
  try {
    const [link] = await jsonAnswer<readonly LinkView[]>(host, 'ip', [
      '-json',
      '-details',
      'link',
      'show',
      'dev',
      name,
    ]);
    return link;
  } catch (error) {
    if (error instanceof HostError && /does not exist/.test(error.message)) return undefined;
    throw error;
  }
}

type FeaturesAnswer = Readonly<Record<string, string | { readonly active: boolean }>>;

/** Features of an interface, such as `large-receive-offload`, and whether they are on. */
export async function featuresOf(host: Host, name: string): Promise<ReadonlyMap<string, boolean>> {
  const [answer] = await jsonAnswer<readonly FeaturesAnswer[]>(host, 'ethtool', ['--json', '-k', name]);
  const features = Object.entries(answer ?? {}).flatMap(([feature, value]) =>
    typeof value === 'string' ? [] : [[feature, value.active] as const],
  );
  return new Map(features);
}

/** The name of the driver, such as `mlx5_core`; undefined where the interface has none. */
export async function driverOf(host: Host, name: string): Promise<string | undefined> {
  const text = await host.run('ethtool', ['-i', name]).catch((error: unknown) => {
    // A device without a driver of its own, such as lo.
    if (error instanceof HostError && error.code === 'HOST_COMMAND_FAILED') return '';
    throw error;
  });
  return /^driver: (\S+)$/m.exec(text)?.[1];
}
