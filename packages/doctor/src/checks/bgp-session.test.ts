import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import { localHost } from '../local-host.js';
import type { NodeSubject } from '../subject.js';
import { bgpSession } from './bgp-session.js';

const bgp = 'bgp: { asn: 64512, routerId: 192.0.2.1, peers: [{ address: 10.0.0.1, asn: 64500 }] }';
const config = parseNodeConfig(`node: { name: lb1, interfaces: [eth0] }\n${bgp}\nservices: []`, 'weir.yaml');
const node: NodeSubject = { role: 'node', configFile: 'weir.yaml', config, services: [] };
const host = { ...localHost(), connect: async () => undefined };

test('a daemon that runs without bgp is told of as that', async (t) => {
  t.like((await bgpSession.examine({ ...node, daemon: {} }, host))[0], {
    verdict: 'fault',
    found: 'the daemon runs without bgp; the file has it',
  });
});

test('a daemon that does not run and one that did not answer are told apart', async (t) => {
  const [absent] = await bgpSession.examine(node, host);
  t.regex(absent?.found ?? '', /accepts connections at port 179; the daemon does not run$/);
  const [silent] = await bgpSession.examine({ ...node, daemonUnknown: 'permission denied' }, host);
  t.regex(silent?.found ?? '', /the daemon did not tell of the session$/);
});
