import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { directory, replaceFile, startDaemon, UNTIL_THE_TEST_ENDS } from './test-support/daemon.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
const FLOWS = 100;
/** Longer than this machine may stand still: a flow that is silent for so long loses its place, as it should. */
const LEARN_MS = 5_000;
const HOLD_MS = 5_000;

if (!isRoot) process.stderr.write('skipped: namespaces and BPF need root\n');
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  sh('ip route add 10.1.0.0/24 via 10.0.0.21');
});

test.after.always(() => rmSync(directory, { recursive: true, force: true }));

/** Generic mode: on a veth, what a native program sends back waits where the other end has no program. */
const document = (...backends: readonly string[]) =>
  `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }
dataplane: { mode: generic, pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, maxFlows: 4096, tableRows: 251 }
shutdown: { drain: 10ms }
services:
  - name: web
    vip: 198.51.100.10
    port: 80
    pinning: { learn: ${LEARN_MS}ms, hold: ${HOLD_MS}ms }
    backends: [ ${backends.map((address) => `{ address: ${address} }`).join()} ]
`;

/**
 * For each line "first count" sends a TCP segment of each of these source ports to the VIP, and says where they came back to: an
 * object from source port to the destination of the outer header.
 */
const CLIENT = `
import json, select, socket, struct, sys
node = bytes.fromhex(sys.argv[1])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
link.bind(('eth0', 0x0800))
own = link.getsockname()[4]
client, vip = socket.inet_aton('192.0.2.1'), socket.inet_aton('198.51.100.10')
def checksum(header):
    total = sum(struct.unpack('!10H', header))
    return ~((total & 0xffff) + (total >> 16)) & 0xffff
def segment(port):
    ip = lambda check: struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, check, client, vip)
    tcp = struct.pack('!HHIIBBHHH', port, 80, 1, 1, 0x50, 0x10, 1024, 0, 0)
    return node + own + b'\\x08\\x00' + ip(checksum(ip(0))) + tcp
for line in sys.stdin:
    first, count = map(int, line.split())
    backends = {}
    for port in range(first, first + count): link.send(segment(port))
    while len(backends) < count and select.select([link], [], [], 2)[0]:
        frame = link.recv(2048)
        if len(frame) < 58 or frame[:6] != own or frame[23] != 4: continue
        port = struct.unpack('!H', frame[54:56])[0]
        if first <= port < first + count: backends[port] = socket.inet_ntoa(frame[30:34])
    print(json.dumps(backends), flush=True)
`;

/** Says which backend a segment of each flow reaches now; the same first port, the same flows. */
type Client = (firstPort: number) => Promise<Readonly<Record<string, string>>>;

function startClient(t: ExecutionContext): Client {
  const [{ address: mac }] = JSON.parse(sh('ip -json link show eth0')) as [{ address: string }];
  const child = spawn(
    'setpriv',
    [
      ...UNTIL_THE_TEST_ENDS,
      'nsenter',
      '--net=/run/netns/peer',
      '/usr/bin/python3',
      '-c',
      CLIENT,
      mac.replaceAll(':', ''),
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  t.teardown(() => child.kill('SIGKILL'));
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return async (firstPort) => {
    child.stdin.write(`${firstPort} ${FLOWS}\n`);
    return JSON.parse((await answers.next()).value as string) as Record<string, string>;
  };
}

/** Waits until no segment is lost: neighbours have to be resolved first. */
function whereAllGo(segments: Client) {
  return eventually('all segments to come back', async () => {
    const backends = await segments(10_000);
    return Object.keys(backends).length === FLOWS ? backends : undefined;
  });
}

testAsRoot(
  'connections keep their backend over a new one and long after the hold, and new connections reach it',
  async (t) => {
    const { file, next } = await startDaemon(t, document('10.1.0.1', '10.1.0.2'));
    const segments = startClient(t);
    const before = await whereAllGo(segments);
    t.deepEqual(new Set(Object.values(before)), new Set(['10.1.0.1', '10.1.0.2']));

    const change = next(/configuration in force/);
    replaceFile(file, document('10.1.0.1', '10.1.0.2', '10.1.0.3'));
    await change;
    const endMs = performance.now() + LEARN_MS + 4 * HOLD_MS;
    while (performance.now() < endMs) {
      t.deepEqual(await segments(10_000), before);
      await wait(HOLD_MS / 10);
    }
    const fresh = new Set(Object.values(await segments(20_000)));
    t.true(fresh.has('10.1.0.3'), [...fresh].join());
  },
);

testAsRoot('connections keep their backend when the daemon is replaced while rows learn', async (t) => {
  const daemon = await startDaemon(t, document('10.1.0.1', '10.1.0.2'));
  const segments = startClient(t);
  const before = await whereAllGo(segments);
  const more = document('10.1.0.1', '10.1.0.2', '10.1.0.3');
  const change = daemon.next(/configuration in force/);
  replaceFile(daemon.file, more);
  await change;
  t.deepEqual(await segments(10_000), before);
  t.is(await daemon.stop(), 0);
  const { next } = await startDaemon(t, more);
  const moved = next(/tables changed/);
  t.deepEqual(await segments(10_000), before);
  t.regex(await moved, /"rowsMoved":[1-9]/);
  t.deepEqual(await segments(10_000), before);
  t.true(Object.values(await segments(20_000)).includes('10.1.0.3'));
});
