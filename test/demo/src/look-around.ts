import type { WeirCluster } from '@weir/lab';

/** What a person types to look at the cluster that stays up. */
export function lookAround(weir: WeirCluster): string {
  const on = (name: string, command: string) => `nsenter --net=/run/netns/${weir.lab.host(name).namespace} ${command}`;
  const node = weir.nodes[0];
  return [
    `a request:      ${on('client', `curl ${weir.url(weir.cluster.vip.ipv4)}`)}`,
    `the router:     ${weir.router.shellCommand} -c 'show ip route'`,
    `a node's count: node packages/lb-node/dist/main.js --config ${node?.configFile} counters`,
    `its XDP:        ${on('node1', 'ip link show lan')}`,
    `its BGP:        ${on('node1', 'gobgp neighbor')}`,
    `packets:        ${on('backend1', 'tcpdump -ni lan')}`,
    `logs, files:    ${weir.lab.directory}`,
    `take it down:   Ctrl-C, or: kill ${process.pid}`,
  ].join('\n');
}
