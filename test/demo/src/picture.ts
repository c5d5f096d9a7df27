import type { StandardCluster } from '@weir/lab';

/** The demo's network, drawn. */
export function pictureOf({ client, router, nodes, backends, vip }: StandardCluster): string {
  const column = (text: string) => text.padEnd(24);
  const lines = [
    `client ${client.ipv4} ── router (FRR) ${router.ipv4} ──┬── LAN 10.0.0.0/24, fd00:10::/64`,
    '                                           │',
  ];
  for (let i = 0; i < Math.max(nodes.length, backends.length); i++) {
    const [node, backend] = [nodes[i], backends[i]];
    const left = node === undefined ? '' : `${node.name} ${node.ipv4}`;
    const right = backend === undefined ? '' : `${backend.name} ${backend.ipv4}`;
    lines.push(`                                           ├── ${column(left)} ${right}`);
  }
  lines.push(
    '',
    `VIPs: ${vip.ipv4}, ${vip.ipv6}. Nodes announce them over BGP; the router spreads flows over the nodes (ECMP);`,
    'a node sends a packet on in XDP, encapsulated; the backend answers the client directly.',
  );
  return lines.join('\n');
}
