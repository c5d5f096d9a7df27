import type { LabHost } from '@weir/lab';
import type { Path, Scale } from './contender.js';
import { startRival } from './rival-lab.js';

/** By its path: npm puts node_modules/.bin first, and a package there has a program of the same name. */
const NFT = '/usr/sbin/nft';
const FORWARDING = ['net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1'];
/** Entries of connections that are over go soon, and packets outside the window are not looked at twice. */
const CONNTRACK = [
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait=10',
  'net.netfilter.nf_conntrack_tcp_be_liberal=1',
];

/** DNAT to the backends in turn, and masquerade, so that answers come back by the node that has the connection. */
export async function startNftables(scale: Scale): Promise<Path> {
  return await startRival(scale, async ({ nodes, vip, backends }) => {
    let offload = true;
    for (const node of nodes) {
      await node.output('sysctl', ['-q', '-w', ...FORWARDING]);
      // The kernel that has flow tables offers them in each namespace alike.
      offload &&= await load(node, nftablesRules({ vip, backends, flowTable: true }));
      if (!offload)
        await node.output(NFT, ['-f', '-'], { input: [nftablesRules({ vip, backends, flowTable: false })] });
      await node.output('sysctl', ['-q', '-w', ...CONNTRACK]);
    }
    const fast = offload ? 'with a flow table' : 'without a flow table, which this kernel does not have';
    return `nftables: dnat by numgen, masquerade, ${fast}; conntrack time-wait 10 s`;
  });
}

/** The rules of a node, for `nft -f -`. */
export function nftablesRules(options: {
  readonly vip: string;
  readonly backends: readonly string[];
  readonly flowTable: boolean;
}): string {
  const { vip, backends, flowTable } = options;
  const ip = vip.includes(':') ? 'ip6' : 'ip';
  const members = backends.map((address, index) => `${index} : ${address}`).join(', ');
  const offload = `  flowtable fast {
    hook ingress priority filter; devices = { lan };
  }
  chain forward {
    type filter hook forward priority filter;
    ct state established flow add @fast
  }
`;
  return `table inet balancer {
${flowTable ? offload : ''}  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${ip} daddr ${vip} tcp dport 80 dnat ${ip} to numgen inc mod ${backends.length} map { ${members} }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ct status dnat masquerade
  }
}
`;
}

async function load(node: LabHost, rules: string): Promise<boolean> {
  return (await node.run(NFT, ['-f', '-'], { input: [rules] })).code === 0;
}
