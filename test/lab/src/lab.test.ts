import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'ava';
import { Lab } from './lab.js';
import { LabError } from './lab-error.js';
import { namespaceNames } from './namespace-process.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';
import type { Topology } from './topology.js';

/** One client with two equal routes to an address that both servers have. */
const twoServers: Topology = {
  name: 'two-servers',
  hosts: {
    client: { routes: [{ to: '198.51.100.10/32', via: ['10.9.0.11', '10.9.0.12'] }], forwarding: true },
    server1: { loopbackAddresses: ['198.51.100.10/32'] },
    server2: { loopbackAddresses: ['198.51.100.10/32'] },
  },
  switches: { lan: {} },
  links: [
    { from: { host: 'client', addresses: ['10.9.0.1/24'] }, to: { switch: 'lan' } },
    { from: { host: 'server1', addresses: ['10.9.0.11/24'] }, to: { switch: 'lan' } },
    { from: { host: 'server2', addresses: ['10.9.0.12/24'] }, to: { switch: 'lan' } },
  ],
};

testAsRoot('two hosts on a switch reach each other over IPv4 and IPv6 as soon as the lab is up', async (t) => {
  await using lab = await Lab.start(pair);
  for (const address of ['10.9.0.2', 'fd00:9::2']) {
    const { code, stdout } = await lab.host('left').run('ping', ['-c', '1', '-W', '5', address]);
    t.is(code, 0, stdout);
  }
});

testAsRoot('a host and a switch without links come up all the same', async (t) => {
  await using lab = await Lab.start({ name: 'alone', hosts: { alone: {} }, switches: { lan: {} }, links: [] });
  t.is((await lab.host('alone').run('ping', ['-c', '1', '-W', '5', '127.0.0.1'])).code, 0);
});

testAsRoot('a packet of the full MTU of the switch passes, and a larger one does not', async (t) => {
  await using lab = await Lab.start(pair);
  const ping = (payloadBytes: number) =>
    lab.host('left').run('ping', ['-c', '1', '-W', '5', '-M', 'do', '-s', String(payloadBytes), '10.9.0.2']);
  t.is((await ping(1600 - 28)).code, 0);
  t.not((await ping(1600 - 27)).code, 0);
});

testAsRoot('flows are spread over the next hops of a route', async (t) => {
  await using lab = await Lab.start(twoServers);
  await Promise.all(
    ['server1', 'server2'].map(async (name) => {
      const program = `import socket\ns=socket.create_server(("",80))\nwhile True:\n c,_=s.accept(); c.recv(99); c.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n${name}\\n"); c.close()`;
      const server = lab.host(name).spawn('python3', ['-c', program]);
      await server.waitForListening(80);
    }),
  );
  const urls = Array.from({ length: 40 }, () => 'http://198.51.100.10/');
  const answers = (await lab.host('client').output('curl', ['-s', ...urls])).trim().split('\n');
  t.is(answers.length, 40);
  // 40 flows that all take one of two ways happen once in 2^39 runs.
  t.deepEqual([...new Set(answers)].sort(), ['server1', 'server2']);
});

testAsRoot('a host with its link down is gone and comes back with its addresses', async (t) => {
  await using lab = await Lab.start(pair);
  const right = lab.host('right');
  // A neighbour that was sought in vain is sought again after a second.
  const reach = async () => (await lab.host('left').run('ping', ['-c', '3', '-W', '1', 'fd00:9::2'])).code === 0;
  await right.link().down();
  t.false(await reach());
  await right.link().up();
  t.true(await reach());
});

testAsRoot('a crashed host has no processes, and its peers get no FIN', async (t) => {
  await using lab = await Lab.start(pair);
  const listen = 'import socket,time; s=socket.create_server(("",80)); c,_=s.accept(); time.sleep(99)';
  const server = lab.host('right').spawn('python3', ['-c', listen]);
  await server.waitForListening(80);
  const connect =
    'import socket; s=socket.create_connection(("10.9.0.2",80)); print("connected",flush=True); print(s.recv(1))';
  const client = lab.host('left').spawn('python3', ['-c', connect]);
  await client.waitForLine(/connected/);
  t.is(lab.host('right').pids().length, 1);
  await lab.host('right').crash();
  t.deepEqual(lab.host('right').pids(), []);
  t.deepEqual(await server.exited, { code: null, signal: 'SIGKILL' });
  const sockets = await lab.host('left').output('ss', ['-Htn', 'state', 'established', 'dst', '10.9.0.2']);
  t.regex(sockets, /10\.9\.0\.2:80/);
  t.is(client.end, undefined);
});

testAsRoot('the children of a process end with the lab, and so do namespaces and files', async (t) => {
  const lab = await Lab.start(pair);
  const shell = lab.host('left').spawn('sh', ['-c', 'setsid sleep 1000 & echo $!; wait']);
  const grandchild = Number(await shell.waitForLine(/^\d+$/));
  t.true(existsSync(`/proc/${grandchild}`));
  await lab[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
  t.deepEqual(await shell.exited, { code: null, signal: 'SIGKILL' });
  t.deepEqual(leftOf(lab), []);
  t.throws(() => lab.host('left').spawn('sleep', ['1']), { code: 'LAB_DISPOSED' });
});

testAsRoot('a process that is not in the namespace of its host ends with the lab all the same', async (t) => {
  const lab = await Lab.start(pair);
  // As nsenter is for a moment: started for the host, and in the namespace that it was started from.
  const args = [`--net=/proc/${process.pid}/ns/net`, 'sh', '-c', 'echo outside; exec sleep 1000'];
  const outsider = lab.host('left').spawn('nsenter', args);
  await outsider.waitForLine(/outside/);
  t.deepEqual(lab.host('left').pids(), []);
  const started = lab.host('left').spawn('sleep', ['1000']);
  const run = lab.host('left').run('sleep', ['1000']);
  await lab[Symbol.asyncDispose]();
  for (const { exited } of [outsider, started]) t.deepEqual(await exited, { code: null, signal: 'SIGKILL' });
  t.is((await run).signal, 'SIGKILL');
});

testAsRoot('a machine without a BPF file system gets one', (t) => {
  const run = new URL('./run.js', import.meta.url);
  const program = `import { createRun, removeRun } from ${JSON.stringify(run)};
    const run = createRun();
    console.log(run.bpffsDirectory);
    removeRun(run);`;
  // In a mount namespace of its own, where something else hides the machine's.
  const script = 'mount -t tmpfs tmpfs /sys/fs/bpf && exec "$0" --input-type=module --eval "$1"';
  const command = ['--mount', 'sh', '-c', script, process.execPath, program];
  t.regex(execFileSync('unshare', command, { encoding: 'utf8' }), /^\/sys\/fs\/bpf\/weir-lab-[0-9a-f]{6}\n$/);
});

testAsRoot('a body that throws leaves nothing', async (t) => {
  let lab: Lab | undefined;
  await t.throwsAsync(
    async () => {
      await using started = await Lab.start(pair);
      lab = started;
      started.host('left').spawn('sleep', ['1000']);
      throw new Error('the body failed');
    },
    { message: 'the body failed' },
  );
  t.deepEqual(lab === undefined ? ['no lab'] : leftOf(lab), []);
});

testAsRoot('a lab that cannot be built leaves nothing and says what failed', async (t) => {
  const bad = { ...pair, hosts: { ...pair.hosts, left: { routes: [{ to: '0.0.0.0/0', via: '203.0.113.1' }] } } };
  const error = await t.throwsAsync(Lab.start(bad), { instanceOf: LabError, code: 'LAB_COMMAND_FAILED' });
  t.regex(error?.message ?? '', /Nexthop has invalid gateway/);
  const [, namespace = ''] = /(weir-\w+-left)/.exec(error?.message ?? '') ?? [];
  t.not(namespace, '');
  t.false(namespaceNames().includes(namespace));
});

testAsRoot('a start that is aborted ends with the reason of the signal', async (t) => {
  const abort = new AbortController();
  const start = Lab.start(pair, { signal: abort.signal });
  abort.abort(new Error('changed my mind'));
  await t.throwsAsync(start, { message: 'changed my mind' });
});

testAsRoot('a program that is missing is named with its Debian package', async (t) => {
  await using lab = await Lab.start(pair);
  await t.throwsAsync(lab.host('left').run('keepalived-of-nowhere'), {
    code: 'LAB_PROGRAM_MISSING',
    message: /keepalived-of-nowhere is not installed.*apt-get install keepalived-of-nowhere/,
  });
});

testAsRoot('a command that takes too long is killed', async (t) => {
  await using lab = await Lab.start(pair);
  await t.throwsAsync(lab.host('left').run('sh', ['-c', 'sleep 1000 & wait'], { timeoutMs: 100 }), {
    code: 'LAB_COMMAND_TIMED_OUT',
  });
  t.deepEqual(lab.host('left').pids(), []);
});

testAsRoot('waiting for a line of a program that ends says how it ended and what it said', async (t) => {
  await using lab = await Lab.start(pair);
  const process = lab.host('left').spawn('sh', ['-c', 'echo no such file >&2; exit 3'], { name: 'daemon' });
  await t.throwsAsync(process.waitForLine(/ready/), {
    code: 'LAB_PROCESS_ENDED',
    message: /daemon on left exited with 3 before a line matched \/ready\/; it last said:\nno such file/,
  });
});

testAsRoot('a program that ignores SIGTERM is killed after the time it had', async (t) => {
  await using lab = await Lab.start(pair);
  const stubborn = lab.host('left').spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 1; done']);
  await stubborn.waitForLine(/ready/);
  t.deepEqual(await stubborn.stop('SIGTERM', 100), { code: null, signal: 'SIGKILL' });
});

testAsRoot('who waits for an end that does not come is told what the program said last', async (t) => {
  await using lab = await Lab.start(pair);
  const lasting = lab.host('left').spawn('sh', ['-c', 'echo up; exec sleep 999']);
  await lasting.waitForLine(/up/);
  const message = 'waited 0.01 s for sh on left to end; it last said:\nup';
  await t.throwsAsync(lasting.waitForEnd({ timeoutMs: 10 }), { code: 'LAB_DEADLINE_PASSED', message });
  lasting.kill();
  await t.notThrowsAsync(lasting.waitForEnd());
});

function leftOf(lab: Lab): string[] {
  return [
    ...namespaceNames().filter((name) => name.startsWith(`weir-${lab.id}-`)),
    ...[lab.directory, lab.bpffsDirectory ?? ''].filter((path) => existsSync(path)),
  ];
}

test('a topology that is wrong is refused before anything is made', async (t) => {
  const wrong = { ...pair, links: [{ from: { host: 'middle' }, to: { switch: 'lan' } }] };
  await t.throwsAsync(Lab.start(wrong), { code: process.getuid?.() === 0 ? 'LAB_TOPOLOGY_INVALID' : 'LAB_NOT_ROOT' });
});
