import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { cgroupRoot } from './cgroup.js';
import { makePrivateHost, scapy, sh, until } from './fixture/private-host.js';
import { type Network, parseNetwork } from './network.js';
import { attachToa, detachToa } from './toa.js';

const PINS = '/sys/fs/bpf/agent';
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs need root\n');

/** Where the nodes' local addresses are: in the tests, 192.0.2.77 and 2001:db8:c::77. */
const from = ['192.0.2.0/24', '2001:db8:c::/48'].map((text) => parseNetwork(text) as Network);

test.before(() => {
  if (isRoot) makePrivateHost();
});

/**
 * A server on port 8080: over IPv4, IPv6, or both by one socket. For each connection, and for all that are open when it
 * reads a line, it prints what accept() or getpeername() named.
 */
const SERVER = `
import json, select, socket, sys
family, address = sys.argv[1:]
listener = socket.create_server((address, 8080), family=getattr(socket, family), dualstack_ipv6=address == '::')
print('listening', flush=True)
open_ones = []
while True:
    for ready in select.select([listener, sys.stdin], [], [])[0]:
        if ready is listener:
            connection, peer = listener.accept()
            open_ones.append(connection)
            print(json.dumps([peer[:2], connection.getpeername()[:2]]), flush=True)
        elif sys.stdin.readline() == '':
            sys.exit()
        else:
            print(json.dumps([one.getpeername()[:2] for one in open_ones]), flush=True)
`;

/** A handshake, each side of which may carry options; the segment that ends it may carry data. */
const HANDSHAKE = `
import select, time
from scapy.all import Ether, IP, IPv6, TCP, Raw, conf, get_if_hwaddr
link = conf.L2socket(iface='eth0')
frame = Ether(dst='HOST_MAC', src=get_if_hwaddr('eth0')) / (IPv6 if ':' in SOURCE else IP)(src=SOURCE, dst=DESTINATION)
def options(text):
    return [(int(kind), bytes.fromhex(value)) if kind != '1' else ('NOP', None)
            for kind, _, value in (word.partition(':') for word in text.split())]
link.send(frame / TCP(sport=PORT, dport=8080, flags='S', seq=1, options=options(ON_SYN)))
deadline = time.monotonic() + 10
while time.monotonic() < deadline:
    got = link.recv() if select.select([link], [], [], 0.1)[0] else None
    if got is not None and TCP in got and got[TCP].dport == PORT and got[TCP].flags == 'SA':
        link.send(frame / TCP(sport=PORT, dport=8080, flags='PA' if DATA else 'A', seq=2, ack=got[TCP].seq + 1,
                              options=options(ON_ACK)) / Raw(DATA))
        break
`;

/** Option 254 in the words of HANDSHAKE. */
const client4 = '254:3039c612000a'; // port 12345 of 198.18.0.10
const client6 = '254:303920010db8000a0000000000000000000a'; // port 12345 of 2001:db8:a::a
/** What a client would like to be taken for. */
const forged4 = '254:3039c6120063'; // port 12345 of 198.18.0.99
const named4 = ['198.18.0.10', 12345] as const;
const named6 = ['2001:db8:a::a', 12345] as const;

let lastPort = 40000;

interface Handshake {
  readonly source: string;
  readonly destination: string;
  readonly onSyn?: string;
  readonly onAck?: string;
  readonly data?: string;
}

/** Resolves to the port that the connection comes from. */
async function shakeHands({ source, destination, onSyn = '', onAck = '', data = '' }: Handshake): Promise<number> {
  lastPort += 1;
  const settings = {
    SOURCE: source,
    DESTINATION: destination,
    PORT: lastPort,
    ON_SYN: onSyn,
    ON_ACK: onAck,
    DATA: data,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  await scapy(`${lines.join('\n')}\n${HANDSHAKE}`);
  return lastPort;
}

/** A process whose lines can be awaited, one after the other; ends with the test. */
class Server {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(t: ExecutionContext, command: readonly string[], cgroup: string) {
    this.#process = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'sh', '-c', `echo $$ > ${cgroup}/cgroup.procs; exec "$@"`, 'sh', ...command],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.#lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    t.teardown(async () => {
      this.#process.kill();
      await ended;
    });
  }

  ask(): void {
    this.#process.stdin?.write('\n');
  }

  async line(): Promise<string> {
    return String((await this.#lines.next()).value);
  }
}

async function startServer(t: ExecutionContext, family: string, address: string, cgroup: string): Promise<Server> {
  const server = new Server(t, ['/usr/bin/python3', '-c', SERVER, family, address], cgroup);
  t.is(await server.line(), 'listening');
  return server;
}

/** A cgroup of the test's own. */
function makeCgroup(t: ExecutionContext): string {
  const cgroup = mkdtempSync(join(cgroupRoot(), 'weir-toa-'));
  t.teardown(() => rmdirSync(cgroup));
  return cgroup;
}

function attach(t: ExecutionContext, cgroup: string): void {
  attachToa({ cgroup, from }, PINS);
  t.teardown(() => detachToa(PINS));
}

const node4 = { source: '192.0.2.77', destination: '10.0.0.21' };
const node6 = { source: '2001:db8:c::77', destination: 'fd00::21' };
/** Maximum segment size, SACK permitted, timestamps, padding, window scale: what clients of Linux send. */
const LINUX_SYN = '2:05b4 4: 8:0000000100000000 1 3:07';
const told: readonly (readonly [string, string, string, Handshake, readonly [string, number]])[] = [
  ['SYN and ACK', 'AF_INET', '10.0.0.21', { ...node4, onSyn: client4, onAck: client4 }, named4],
  ['SYN alone', 'AF_INET', '10.0.0.21', { ...node4, onSyn: client4 }, named4],
  ['SYN, before all that Linux sends', 'AF_INET', '10.0.0.21', { ...node4, onSyn: `${client4} ${LINUX_SYN}` }, named4],
  ['SYN, and another in the ACK', 'AF_INET', '10.0.0.21', { ...node4, onSyn: client4, onAck: forged4 }, named4],
  [
    'SYN of IPv6, full to the last byte',
    'AF_INET6',
    'fd00::21',
    { ...node6, onSyn: `${client6} ${LINUX_SYN}` },
    named6,
  ],
  ['IPv4, to a socket of both families', 'AF_INET6', '::', { ...node4, onSyn: client4 }, ['::ffff:198.18.0.10', 12345]],
  ['IPv4 with a client of IPv6', 'AF_INET6', '::', { ...node4, onSyn: client6 }, named6],
  ['IPv6 with a client of IPv4', 'AF_INET6', '::', { ...node6, onSyn: client4 }, ['::ffff:198.18.0.10', 12345]],
];
for (const [title, family, address, handshake, expected] of told) {
  testAsRoot(`accept() and getpeername() name the client that is told in: ${title}`, async (t) => {
    const cgroup = makeCgroup(t);
    attach(t, cgroup);
    const server = await startServer(t, family, address, cgroup);
    await shakeHands(handshake);
    t.deepEqual(JSON.parse(await server.line()), [expected, expected]);
  });
}

const stranger = { source: '203.0.113.9', destination: '10.0.0.21' };
const untold: readonly (readonly [string, Handshake])[] = [
  ['no option', node4],
  ['a source that is no node', { ...stranger, onSyn: client4, onAck: client4 }],
  ['a client of IPv6, to a socket of IPv4', { ...node4, onSyn: client6 }],
  ['an option of 7 bytes', { ...node4, onSyn: '254:3039c61200' }],
  ['an option of 21 bytes', { ...node4, onSyn: `${client6}00` }],
  ['an option of another kind', { ...node4, onSyn: client4.replace('254', '253') }],
  ['an option elsewhere than nodes write it', { ...node4, onSyn: `1 1 ${client4}`, onAck: `${LINUX_SYN} ${client4}` }],
  ["an option in the ACK alone, which is the client's own", { ...node4, onSyn: LINUX_SYN, onAck: forged4 }],
];
for (const [title, handshake] of untold) {
  testAsRoot(`accept() and getpeername() name the source of the packets where there is ${title}`, async (t) => {
    const cgroup = makeCgroup(t);
    attach(t, cgroup);
    const server = await startServer(t, 'AF_INET', '10.0.0.21', cgroup);
    const expected = [handshake.source, await shakeHands(handshake)];
    t.deepEqual(JSON.parse(await server.line()), [expected, expected]);
  });
}

testAsRoot('after a SYN cookie the last segment of the handshake is all that can tell', async (t) => {
  const cgroup = makeCgroup(t);
  attach(t, cgroup);
  sh('sysctl -q -w net.ipv4.tcp_syncookies=2');
  t.teardown(() => sh('sysctl -q -w net.ipv4.tcp_syncookies=1'));
  const server = await startServer(t, 'AF_INET', '10.0.0.21', cgroup);
  await shakeHands({ ...node4, onSyn: client4, onAck: client4 });
  t.deepEqual(JSON.parse(await server.line()), [named4, named4]);
});

testAsRoot('a server that listened before is told of what the ACK says, one in another cgroup nothing', async (t) => {
  const [cgroup, other] = [makeCgroup(t), makeCgroup(t)];
  const outside = await startServer(t, 'AF_INET6', 'fd00::21', other);
  const inside = await startServer(t, 'AF_INET', '10.0.0.21', cgroup);
  attach(t, cgroup);
  await shakeHands({ ...node4, onAck: client4 });
  t.deepEqual(JSON.parse(await inside.line()), [named4, named4]);
  const source = [node6.source, await shakeHands({ ...node6, onAck: client6 })];
  t.deepEqual(JSON.parse(await outside.line()), [source, source]);
});

testAsRoot('connections stay known to the next life, and nothing is told once it has ended', async (t) => {
  const cgroup = makeCgroup(t);
  attach(t, cgroup);
  const server = await startServer(t, 'AF_INET', '10.0.0.21', cgroup);
  await shakeHands({ ...node4, onSyn: client4 });
  await server.line();
  attach(t, cgroup);
  server.ask();
  t.deepEqual(JSON.parse(await server.line()), [named4]);
  detachToa(PINS);
  server.ask();
  t.deepEqual(JSON.parse(await server.line()), [[node4.source, lastPort]]);
});

testAsRoot('nginx, unmodified, logs the client', async (t) => {
  const cgroup = makeCgroup(t);
  attach(t, cgroup);
  const directory = mkdtempSync(join(tmpdir(), 'weir-toa-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const configuration = join(directory, 'nginx.conf');
  writeFileSync(
    configuration,
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr;
     events {}
     http {
       log_format peer '$remote_addr $remote_port'; access_log ${directory}/log peer;
       server { listen 10.0.0.21:8080; return 204; }
     }`,
  );
  new Server(t, ['nginx', '-p', directory, '-c', configuration], cgroup);
  // Written once it listens.
  await until(() => existsSync(join(directory, 'pid')));
  await shakeHands({ ...node4, onSyn: client4, data: 'GET / HTTP/1.0\r\n\r\n' });
  const log = () => readFileSync(join(directory, 'log'), 'utf8');
  await until(() => log() !== '');
  t.is(log(), '198.18.0.10 12345\n');
});

testAsRoot('a directory that is no cgroup is named', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-toa-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  t.throws(() => attachToa({ cgroup: directory, from }, PINS), {
    code: 'CGROUP_UNUSABLE',
    message: `${directory} is not a cgroup: it is on no cgroup2 file system`,
  });
  t.throws(() => attachToa({ cgroup: join(cgroupRoot(), 'weir-no-such'), from }, PINS), { code: 'CGROUP_UNUSABLE' });
});
