import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { directory, startDaemon } from '../test-support/daemon.js';
import { eventually } from '../test-support/eventually.js';
import { enterPrivateNetwork, isRoot, onPeer } from '../test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces and BPF need root\n');
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  onPeer('ip route add 198.51.100.10 via 10.0.0.11');
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const PACKETS = 7;
/** Datagrams of one flow. */
const SEND = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('0.0.0.0', 40000))
for _ in range(${PACKETS}): s.sendto(b'x' * 100, ('198.51.100.10', 53))`;

function document(engine: string): string {
  return `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }
dataplane: { engine: ${engine}, pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, maxFlows: 4096, tableRows: 251 }
metrics: { listen: "127.0.0.1:9646" }
runtimeDirectory: ${directory}/run
shutdown: { drain: 10ms }
services:
  - { name: names, vip: 198.51.100.10, protocol: udp, port: 53, method: ipip, scheduler: rr, backends: [ { address: 10.0.0.21 } ] }
`;
}

async function value(series: string): Promise<number | undefined> {
  const text = await (await fetch('http://127.0.0.1:9646/metrics')).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

/** Packets to a backend whose MAC address is not known yet are dropped. */
function backendIsReachable(): Promise<true> {
  return eventually('a reachable backend', async () =>
    (await value('weir_backend_addresses_reachable')) === 1 ? true : undefined,
  );
}

const packets = () => value('weir_service_packets_total{service="names"}');

function send(): void {
  execFileSync('nsenter', ['--net=/run/netns/peer', 'python3', '-c', SEND]);
}

const counts = test.macro({
  async exec(t: ExecutionContext, engine: string) {
    const daemon = await startDaemon(t, document(engine));
    t.is(await packets(), 0);
    await backendIsReachable();
    send();
    await eventually(`${PACKETS} packets`, async () => ((await packets()) === PACKETS ? true : undefined));
    // 100 bytes, 8 of UDP, 20 of IPv4.
    t.is(await value('weir_backend_bytes_total{service="names",backend="10.0.0.21"}'), PACKETS * 128);
    t.is(await value('weir_backend_new_flows_total{service="names",backend="10.0.0.21"}'), 1);
    t.is(await value('weir_service_flows{service="names",state="active"}'), 1);
    t.is(await value('weir_flow_table_entries'), 1);
    t.is(await daemon.stop(), 0);
  },
  title: (_, engine) => `what ${engine} has counted is on the page, with one new flow`,
});
testAsRoot(counts, 'xdp');
testAsRoot(counts, 'portable');

testAsRoot('what XDP has counted is there after a restart of the daemon', async (t) => {
  const before = await startDaemon(t, document('xdp'));
  const earlier = (await packets()) as number;
  await backendIsReachable();
  send();
  const after = earlier + PACKETS;
  await eventually(`${after} packets`, async () => ((await packets()) === after ? true : undefined));
  await before.stop();
  await startDaemon(t, document('xdp'));
  t.is(await packets(), after);
});
