import type { GlbBind } from '@weir/director';

/** A listener as weir.yaml has it. */
export interface ListenerDocument {
  readonly vip: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number | string;
}

/** Is it for a single address, as Weir's VIPs are? */
export function isOneAddress({ address, prefixBits }: GlbBind): boolean {
  return prefixBits === (address.includes(':') ? 128 : 32);
}

/** Port 0 counts as 1: no client sends to it. */
export function listenerOf({ address, protocol, firstPort, lastPort }: GlbBind): ListenerDocument {
  const [first, last] = [Math.max(firstPort, 1), Math.max(lastPort, 1)];
  const port = first === 1 && last === 65_535 ? 'all' : first === last ? first : `${first}-${last}`;
  return { vip: address, protocol, port };
}
