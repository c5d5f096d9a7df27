import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import type { Probe } from './health-check.js';
import { startNameServer } from './test-support/name-server.js';
import { ip, isRoot, serialInPrivateNetwork } from './test-support/private-network.js';
import { probeOnce } from './test-support/probe-once.js';

/** The way of mark 1 leads to a backend that serves, that of mark 2 to one that has the VIP too, and answers nothing. */
const SERVING = 1;
const DEAD = 2;
const vips = ['192.0.2.1', '2001:db8::1'] as const;
const DNS_PORT = 5300;
const probes: readonly (readonly [Probe, number])[] = [
  [{ kind: 'icmp' }, 0],
  [{ kind: 'tcp' }, 8080],
  [{ kind: 'syn' }, 8080],
  [{ kind: 'http', path: '/', method: 'GET', status: [[200, 200]] }, 8080],
  [{ kind: 'grpc', service: '' }, 50_051],
  [{ kind: 'dns', name: 'www.test', recordType: 'A', transport: 'udp' }, DNS_PORT],
  [{ kind: 'dns', name: 'www.test', recordType: 'A', transport: 'tcp' }, DNS_PORT],
  [{ kind: 'script', command: ['/bin/sh', '-c', `[ "$WEIR_MARK" = ${SERVING} ]`] }, 0],
];
const children: ChildProcess[] = [];

const call = serialInPrivateNetwork(test);
if (isRoot) test.before(connectBackends);
test.after.always(() => {
  for (const child of children) child.kill('SIGKILL');
});

for (const address of vips) {
  for (const [probe, port] of probes) {
    const name = 'transport' in probe ? `${probe.kind} over ${probe.transport}` : probe.kind;
    call(`a probe by ${name} of ${address} goes where its mark leads`, async (t) => {
      const serving = await probeOnce(probe, { address, port, mark: SERVING });
      t.true(serving.isWell, serving.reason);
      const dead = await probeOnce(probe, { address, port, mark: DEAD }, 300);
      t.false(dead.isWell, dead.reason);
    });
  }

  call(`a probe of ${address} without a mark goes by the kernel's routes, which lead nowhere`, async (t) => {
    const found = await probeOnce({ kind: 'tcp' }, { address, port: 8080 });
    t.deepEqual(found, { isWell: false, reason: 'network unreachable' });
  });
}

call('a connection that did not open in time is given up, not left to the kernel', async (t) => {
  ip(`neigh add 10.0.${DEAD}.9 lladdr 02:00:00:00:00:09 dev to${DEAD}`);
  const found = await probeOnce({ kind: 'tcp' }, { address: `10.0.${DEAD}.9`, port: 80 }, 100);
  t.deepEqual(found, { isWell: false, reason: 'no answer within 100 ms' });
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(execFileSync('ss', ['-Htan', 'state', 'syn-sent'], { encoding: 'utf8' }), '');
});

call('a half-open connection over a marked way is ended there by a RST', async (t) => {
  const pid = children[0]?.pid as number;
  for (const address of vips) {
    await probeOnce({ kind: 'syn' }, { address, port: 8080, mark: SERVING });
    // What was sent later by the same way arrives later: the RST has arrived.
    await probeOnce({ kind: 'tcp' }, { address, port: 8080, mark: SERVING });
  }
  const list = spawn('nsenter', ['-t', String(pid), '-n', 'ss', '-Htan', 'state', 'syn-recv']);
  t.deepEqual(await list.stdout.setEncoding('utf8').toArray(), []);
});

async function connectBackends(): Promise<void> {
  const serving = spawn('unshare', [
    '--net',
    process.execPath,
    fileURLToPath(new URL('test-support/marked-backend.fixture.js', import.meta.url)),
  ]);
  children.push(serving);
  await once(serving.stdout, 'data');
  const settings = '/proc/sys/net/ipv4/icmp_echo_ignore_all /proc/sys/net/ipv6/icmp/echo_ignore_all';
  // tee prints before it writes the files.
  const ignoreEchoes = `echo 1 | tee ${settings} >/dev/null; echo ready`;
  const dead = spawn('unshare', ['--net', 'sh', '-c', `${ignoreEchoes}; exec sleep 999`]);
  children.push(dead);
  await once(dead.stdout, 'data');
  connectBackend(SERVING, serving.pid as number);
  connectBackend(DEAD, dead.pid as number);
  children.push(await startNameServer(DNS_PORT, serving.pid));
}

/** A link to the namespace of a process, which has both VIPs; packets with the mark take it. */
function connectBackend(mark: number, pid: number): void {
  ip(`link add to${mark} type veth peer name uplink netns ${pid}`);
  ip(`link set to${mark} up`);
  ip(`addr add 10.0.${mark}.1/24 dev to${mark}`);
  ip(`addr add fd00:${mark}::1/64 dev to${mark} nodad`);
  for (const line of [
    'link set lo up',
    'link set uplink up',
    `addr add 10.0.${mark}.2/24 dev uplink`,
    `addr add fd00:${mark}::2/64 dev uplink nodad`,
    ...vips.map((vip) => `addr add ${vip} dev lo`),
  ]) {
    ip(line, pid);
  }
  for (const [family, gateway] of [
    ['-4', `10.0.${mark}.2`],
    ['-6', `fd00:${mark}::2`],
  ]) {
    ip(`${family} route add default via ${gateway} table ${100 + mark}`);
    ip(`${family} rule add fwmark ${mark} lookup ${100 + mark}`);
  }
}
