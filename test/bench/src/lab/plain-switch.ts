import type { Topology } from '@weir/lab';

/**
 * The same topology with no XDP program on the ports of its switches. A veth end that gets packets by native XDP_TX needs
 * one; where nobody sends so, it only makes each hop dearer, for everybody.
 */
export function withPlainSwitch(topology: Topology): Topology {
  const links = topology.links.map((link) =>
    'switch' in link.to ? { ...link, to: { ...link.to, passProgram: false } } : link,
  );
  return { ...topology, links };
}
