import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import type { Host } from '../host.js';
import { localHost } from '../local-host.js';
import type { NodeSubject } from '../subject.js';
import { listeners } from './listeners.js';

const bgp = 'bgp: { asn: 64512, routerId: 192.0.2.1, peers: [{ address: 10.0.0.1, asn: 64500 }] }';
const config = parseNodeConfig(`node: { name: lb1, interfaces: [eth0] }\n${bgp}\nservices: []`, 'weir.yaml');
const node: NodeSubject = { role: 'node', configFile: 'weir.yaml', config, services: [] };

/** This host, but with somebody at each port, and the files of the test alone. */
function hostWith(files: Record<string, string>): Host {
  return { ...localHost(), listen: async () => 'EADDRINUSE', readText: async (path) => files[path] };
}

async function verdictOfBgp(subject: NodeSubject, files: Record<string, string> = {}) {
  const findings = await listeners.examine(subject, hostWith(files));
  return (findings.find(({ about }) => about === '[::]:179') ?? findings[0])?.verdict;
}

test('a port of gobgpd that another program has is a fault', async (t) => {
  t.is(await verdictOfBgp(node), 'fault');
});

test('the gobgpd that a daemon left behind is no fault, another process with its number is', async (t) => {
  const directory = `${config.runtimeDirectory}/gobgpd`;
  const pid = { [`${directory}/gobgpd.pid`]: '77\n' };
  const ours = `gobgpd\0--config-file\0${directory}/gobgpd.json\0`;
  t.is(await verdictOfBgp(node, { ...pid, '/proc/77/cmdline': ours }), 'skipped');
  t.is(await verdictOfBgp(node, { ...pid, '/proc/77/cmdline': 'bird\0' }), 'fault');
});

test('of ports nothing is said where the daemon did not answer this user', async (t) => {
  t.is(await verdictOfBgp({ ...node, daemonUnknown: 'permission denied' }), 'skipped');
});
