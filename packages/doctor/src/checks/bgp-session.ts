import type { NodeConfig } from '@weir/control';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import type { SessionView } from '../subject.js';

const ANSWER_TIMEOUT_MS = 3000;

type Peer = NonNullable<NodeConfig['bgp']>['peers'][number];

/** Do the routers hear of the VIPs? */
export const bgpSession: Check = {
  name: 'bgp-session',
  looksAt: 'the BGP sessions as the daemon knows them; without a daemon, whether each peer accepts connections',
  symptom: 'the routers have no route to a VIP by this node, though its backends are healthy',
  cure: "compare AS numbers, addresses, passwords and multihop with the router's neighbor (docs/router-settings.md), and let TCP port 179 pass; `weirctl bgp` shows the state",
  roles: ['node'],
  async examine(subject, host) {
    if (subject.role !== 'node' || subject.config?.bgp === undefined) {
      return [{ verdict: 'skipped', found: 'the configuration has no bgp' }];
    }
    const { peers } = subject.config.bgp;
    const { daemon, daemonUnknown } = subject;
    if (daemon !== undefined) {
      const { sessions } = daemon;
      return sessions === undefined ? [runsWithoutBgp] : peers.map((peer) => sessionFinding(peer, sessions));
    }
    const ofDaemon = daemonUnknown === undefined ? 'the daemon does not run' : 'the daemon did not tell of the session';
    return await Promise.all(peers.map((peer) => reachFinding(peer, host, ofDaemon)));
  },
};

const runsWithoutBgp: Finding = {
  verdict: 'fault',
  found: 'the daemon runs without bgp; the file has it',
  wanted: 'a daemon that runs with this file',
  cure: 'start it again: bgp is not turned on while it runs',
  commands: ['systemctl restart weir-node'],
};

function sessionFinding({ address }: Peer, sessions: readonly SessionView[]): Finding {
  const session = sessions.find((known) => known.address === address);
  if (session?.state === 'established') return { verdict: 'ok', about: address, found: 'established' };
  const reason = session?.reason === undefined || session.reason === '' ? '' : `: ${session.reason}`;
  return {
    verdict: 'fault',
    about: address,
    found:
      session === undefined
        ? 'the daemon knows no such peer; it runs with another configuration'
        : `${session.state}${reason}`,
    wanted: 'established',
    cure: 'look at the router: is BGP up there, with this node as a neighbor, the same AS numbers and password? Does a firewall drop TCP port 179?',
  };
}

async function reachFinding({ address, port, passive }: Peer, host: Host, ofDaemon: string): Promise<Finding> {
  if (passive) return { verdict: 'skipped', about: address, found: `it is to call us (passive), and ${ofDaemon}` };
  const trouble = await host.connect({ host: address, port }, ANSWER_TIMEOUT_MS);
  if (trouble === undefined)
    return { verdict: 'ok', about: address, found: `accepts connections at port ${port}; ${ofDaemon}` };
  return {
    verdict: 'fault',
    about: address,
    found: `no connection to port ${port}: ${trouble}`,
    wanted: 'a router that accepts BGP connections from this node',
    cure: 'look at the router: is BGP up there, with this node as a neighbor? Does a firewall drop TCP port 179? Is the address right (bgp.peers[].address)?',
  };
}
