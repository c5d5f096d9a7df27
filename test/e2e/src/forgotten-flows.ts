import { type WeirCluster, waitUntil } from '@weir/lab';

/**
 * Resolves when no node remembers a connection to a backend any more. Before, a client that takes the port of a connection
 * that was refused there for another one gets there again.
 */
export async function waitForForgotten({ nodes, cluster }: WeirCluster, backend: string): Promise<void> {
  const addresses = cluster.backends.flatMap(({ name, ipv4, ipv6 }) => (name === backend ? [ipv4, ipv6] : []));
  await waitUntil(
    `connections to ${backend} to be forgotten`,
    async () => {
      const counters = await Promise.all(nodes.map((node) => node.counters()));
      const flows = counters
        .flatMap(({ services }) => services.flatMap(({ backends }) => backends))
        .filter(({ address }) => addresses.includes(address))
        .reduce((sum, { activeConnections, inactiveConnections }) => sum + activeConnections + inactiveConnections, 0);
      return flows === 0 || undefined;
    },
    { timeoutMs: 120_000 },
  );
}
