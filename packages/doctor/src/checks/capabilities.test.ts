import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { localHost } from '../local-host.js';
import type { NodeSubject } from '../subject.js';
import { capabilities, capabilitiesFinding, ownCapabilities } from './capabilities.js';

const backend = { role: 'backend', vips: [], encapsulations: [] } as const;
const node: NodeSubject = { role: 'node', configFile: 'weir.yaml', services: [] };

test('a process is told which of the capabilities it is without', (t) => {
  t.like(capabilitiesFinding(0xc000001000n, backend), { verdict: 'ok' });
  t.like(capabilitiesFinding(0x8000001000n, backend), { verdict: 'fault', found: 'without CAP_PERFMON' });
  t.like(capabilitiesFinding(0n, node), { verdict: 'fault', found: 'without CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON' });
});

test('CAP_SYS_ADMIN stands for CAP_BPF and CAP_PERFMON, not for CAP_NET_ADMIN', (t) => {
  t.like(capabilitiesFinding(0x200000n, node), { verdict: 'fault', found: 'without CAP_NET_ADMIN' });
});

/** A node whose backend is probed so, and that speaks BGP at a port. */
function nodeWith(kind: string, listenPort: number): NodeSubject {
  const bgp = `bgp: { asn: 64512, routerId: 192.0.2.1, listenPort: ${listenPort}, peers: [{ address: 10.0.0.1, asn: 64500 }] }`;
  const service = `{ name: web, vip: 198.51.100.10, port: 80, method: dr, healthCheck: { kind: ${kind} }, backends: [{ address: 10.0.0.21 }] }`;
  const text = `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }\n${bgp}\nservices: [${service}]`;
  const config = parseNodeConfig(text, 'weir.yaml');
  return { ...node, config, services: config.services };
}

const BPF_AND_ADMIN = 0xc000001000n;

test('CAP_NET_RAW is wanted for probes that need raw sockets, and not for others', (t) => {
  t.is(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('tcp', -1)).verdict, 'ok');
  t.like(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('icmp', -1)), { found: 'without CAP_NET_RAW' });
  t.like(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('syn', -1)), { found: 'without CAP_NET_RAW' });
});

test('CAP_NET_BIND_SERVICE is wanted for a gobgpd at a port that takes it', (t) => {
  t.like(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('tcp', 179)), { found: 'without CAP_NET_BIND_SERVICE' });
  t.is(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('tcp', 1179)).verdict, 'ok');
  t.is(capabilitiesFinding(BPF_AND_ADMIN, nodeWith('tcp', 179), 0).verdict, 'ok');
});

test('what another user may do says nothing of a daemon, but keeps a daemon of that user from starting', async (t) => {
  const status = 'Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n';
  const host = { ...localHost(), readText: async (path: string) => (path.endsWith('status') ? status : undefined) };
  t.is((await capabilities.examine(node, host))[0]?.verdict, 'skipped');
  t.is((await ownCapabilities.examine(node, host))[0]?.verdict, 'fault');
});

test('a daemon that answers has what it needs, whatever this process may do', async (t) => {
  const [finding] = await capabilities.examine({ ...node, daemon: {} }, localHost());
  t.is(finding?.verdict, 'ok');
});
