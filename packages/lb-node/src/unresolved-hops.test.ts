import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import test from 'ava';
import { directory, startDaemon, TIMEOUT_MS } from './test-support/daemon.js';
import { eventually } from './test-support/eventually.js';
import { enterPrivateNetwork, isRoot, onPeer, sh } from './test-support/private-network.js';
import { askFor } from './unresolved-hops.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;

if (!isRoot) process.stderr.write('skipped: namespaces and BPF need root\n');
test.before(() => {
  if (!isRoot) return;
  enterPrivateNetwork();
  for (const address of ['10.0.0.50/24', 'fd00::50/64']) onPeer(`ip address add ${address} dev eth0`);
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

/** Generic mode: on a veth, what a native program sends back waits where the other end has no program. */
const document = `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11 }
dataplane: { mode: generic, pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, maxFlows: 4096, tableRows: 251 }
shutdown: { drain: 10ms }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: nat, backends: [ { address: 10.0.0.21 } ] }
`;

/**
 * A client, 10.0.0.50, opens a connection to the VIP, and the backend answers again and again as long as nothing reaches the
 * client; prints where the SYN and the answer came from.
 */
const CLIENT_AND_BACKEND = `
import select, socket, struct, sys, time
node = bytes.fromhex(sys.argv[1])
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
link.bind(('eth0', 0x0800))
own = link.getsockname()[4]
client, vip, backend = map(socket.inet_aton, ('10.0.0.50', '198.51.100.10', '10.0.0.21'))
def checksum(header):
    total = sum(struct.unpack('!10H', header))
    return ~((total & 0xffff) + (total >> 16)) & 0xffff
def send(source, sport, destination, dport, flags):
    ip = lambda check: struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, check, source, destination)
    link.send(node + own + b'\\x08\\x00' + ip(checksum(ip(0))) + struct.pack('!HHIIBBHHH', sport, dport, 1, 1, 0x50, flags, 1024, 0, 0))
def receive(destination, seconds):
    end = time.monotonic() + seconds
    while select.select([link], [], [], max(0, end - time.monotonic()))[0]:
        frame = link.recv(2048)
        if frame[:6] == own and frame[23] == 6 and frame[30:34] == destination: return socket.inet_ntoa(frame[26:30])
print(next(filter(None, ((send(client, 4000, vip, 80, 2), receive(backend, 0.2))[1] for _ in range(150))), None))
print(next(filter(None, ((send(backend, 80, client, 4000, 0x12), receive(client, 0.2))[1] for _ in range(150))), None))
`;

testAsRoot(
  'a client on the link of the node gets the answers of nat, though the kernel never heard of it',
  async (t) => {
    await startDaemon(t, document);
    t.is(sh('ip neigh show 10.0.0.50'), '');
    const [{ address: mac }] = JSON.parse(sh('ip -json link show eth0')) as [{ address: string }];
    const { stdout, stderr } = spawnSync(
      'nsenter',
      ['--net=/run/netns/peer', '/usr/bin/python3', '-c', CLIENT_AND_BACKEND, mac.replaceAll(':', '')],
      { encoding: 'utf8', timeout: TIMEOUT_MS },
    );
    t.is(stdout, '10.0.0.50\n198.51.100.10\n', stderr);
  },
);

testAsRoot('the kernel is made to ask for neighbours of both families, and those that it keeps stay so', async (t) => {
  const [{ ifindex }] = JSON.parse(sh('ip -json link show eth0')) as [{ ifindex: number }];
  sh('ip neigh replace 10.0.0.21 dev eth0 managed');
  await askFor(['10.0.0.21', '10.0.0.50', 'fd00::50'].map((address) => ({ address, ifindex })));
  for (const address of ['10.0.0.50', 'fd00::50']) {
    await eventually(`${address} to be resolved`, async () =>
      sh(`ip neigh show ${address}`).includes('lladdr') ? true : undefined,
    );
  }
  t.regex(sh('ip neigh show 10.0.0.21'), /managed/);
});

testAsRoot('a hop by an interface that is gone takes none of the others with it', async (t) => {
  const [{ ifindex }] = JSON.parse(sh('ip -json link show eth0')) as [{ ifindex: number }];
  sh('ip neigh flush dev eth0');
  await askFor([
    { address: '10.0.0.60', ifindex: 4_000_000 },
    { address: '10.0.0.50', ifindex },
  ]);
  t.regex(sh('ip neigh show'), /10\.0\.0\.50/);
  t.notRegex(sh('ip neigh show'), /10\.0\.0\.60/);
});
