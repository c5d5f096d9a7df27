import type { NodeConfig } from '@weir/control';

/**
 * What there is to say about dataplane.hashSeed when flows go to Redis: ids there, and messages between nodes, are secret only
 * by it (cluster-secret.ts). Undefined: nothing.
 */
export function warningOfSeed({ dataplane, state }: Pick<NodeConfig, 'dataplane' | 'state'>): string | undefined {
  if (state?.store !== 'redis' || dataplane.hashSeed !== 0n) return undefined;
  return (
    'dataplane.hashSeed is 0, as everybody can guess: who may write to Redis can then send connections elsewhere; ' +
    'set it to a random number, the same on all nodes, such as "0x" followed by what "openssl rand -hex 8" prints'
  );
}
