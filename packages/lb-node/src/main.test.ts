import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import koffi from 'koffi';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));
const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWNET = 0x4000_0000;
const TIMEOUT_MS = 30_000;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
const directory = mkdtempSync(join(tmpdir(), 'weir-lb-node-'));

const sh = (line: string) => execFileSync(line.split(' ')[0] as string, line.split(' ').slice(1), { encoding: 'utf8' });

/** Interfaces and a BPF file system of this thread's own; they go with the process. */
test.before(() => {
  if (!isRoot) return;
  const unshare = koffi.load('libc.so.6').func('int unshare(int flags)');
  if (unshare(CLONE_NEWNS | CLONE_NEWNET) !== 0) throw new Error(`unshare: errno ${koffi.errno()}`);
  sh('mount --make-rprivate /');
  sh('mount -t bpf bpf /sys/fs/bpf');
  sh('ip link set lo up');
  sh('ip link add eth0 type veth peer name peer0');
  for (const name of ['eth0', 'peer0']) sh(`ip link set ${name} up`);
  sh('ip address add 10.0.0.11/24 dev eth0');
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
function configFile(text: string): string {
  const file = join(directory, String(files++), 'weir.yaml');
  mkdirSync(join(file, '..'));
  writeFileSync(file, text);
  return file;
}

function document(change: { interface?: string; bgp?: string; vip?: string } = {}): string {
  return `node: { name: lb1, interfaces: [${change.interface ?? 'eth0'}], address: 10.0.0.11 }
dataplane: { pinDirectory: /sys/fs/bpf/lb1, maxServices: 4, maxBackends: 16, tableRows: 251 }
runtimeDirectory: ${directory}/run
shutdown: { drain: 10ms }
${change.bgp ?? ''}
services:
  - { name: web, vip: ${change.vip ?? '198.51.100.10'}, port: 80, backends: [ { address: 10.0.0.21 } ] }
`;
}
const bgpOf = (gobgpd: string) =>
  `bgp: { asn: 64512, listenPort: -1, gobgpd: { ${gobgpd} }, peers: [ { address: 10.0.0.1, asn: 64500 } ] }`;

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8', timeout: TIMEOUT_MS });

test('--check says that a right file is right', (t) => {
  const file = configFile(document());
  const { status, stdout } = run('--check', '--config', file);
  t.deepEqual([status, stdout], [0, `${file} is valid: 1 services\n`]);
});

test('--check names what is wrong, with field, value, file and line', (t) => {
  const file = configFile(document({ vip: '10.3.1' }));
  const { status, stderr } = run('--check', '--config', file);
  t.deepEqual(
    [status, stderr],
    [78, `lb-node: services[0].vip: "10.3.1" is not an IP address (file ${file}, line 7)\n`],
  );
});

test('a file that is not there ends the daemon with 78 and its name', (t) => {
  const { status, stderr } = run('--config', '/nowhere/weir.yaml');
  t.is(status, 78);
  t.regex(stderr, /\/nowhere\/weir\.yaml can't be read/);
});

test('an option that is not there ends it with 2', (t) => {
  t.is(run('--fast').status, 2);
});

const refused: readonly (readonly [string, () => string, number, RegExp])[] = [
  ['an interface that does not exist', () => document({ interface: 'eth7' }), 69, /interface "eth7" does not exist/],
  [
    'a gobgpd that is not installed',
    () => document({ bgp: bgpOf('command: gobgpd-of-nobody') }),
    69,
    /"gobgpd-of-nobody" is not installed; the Debian package is gobgpd/,
  ],
  [
    'an external gobgpd that does not answer',
    () => document({ bgp: bgpOf('run: external, api: "127.0.0.1:50999"') }),
    69,
    /no gobgpd answers at 127\.0\.0\.1:50999/,
  ],
];
for (const [title, text, code, message] of refused) {
  testAsRoot(`${title} ends the daemon with ${code} and the reason`, (t) => {
    const { status, stderr } = run('--config', configFile(text()));
    t.is(status, code, stderr);
    t.regex(stderr, message);
  });
}

testAsRoot('a port of the API that somebody else has ends the daemon with 69 and the address', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(50998, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { status, stderr } = run('--config', configFile(document({ bgp: bgpOf('api: "127.0.0.1:50998"') })));
  t.is(status, 69, stderr);
  t.regex(stderr, /127\.0\.0\.1:50998: bind: address already in use/);
});

testAsRoot('without permission the daemon ends with 77 and says which capabilities it needs', (t) => {
  const file = configFile(document());
  const args = ['--bounding-set=-all', '--inh-caps=-all', process.execPath, MAIN, '--config', file];
  const { status, stderr } = spawnSync('setpriv', args, { encoding: 'utf8', timeout: TIMEOUT_MS });
  t.is(status, 77, stderr);
});

testAsRoot(
  'the daemon says when it is ready, refuses a bad change, takes a good one, leaves by SIGTERM, and detach cleans up',
  async (t) => {
    const file = configFile(document());
    const child = spawn(process.execPath, [MAIN, '--config', file], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.teardown(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    const output = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    const seen = (pattern: RegExp) =>
      new Promise<string>((resolve) => {
        const look = (line: string) => {
          if (!pattern.test(line)) return;
          output.off('line', look);
          resolve(line);
        };
        output.on('line', look);
      });
    await seen(/"msg":"ready"/);
    t.regex(lines.join('\n'), /XDP runs in native mode on eth0/);
    t.regex(sh('ip route show type unreachable'), /unreachable 198\.51\.100\.10 proto 177/);

    let next = seen(/refused/);
    writeFileSync(file, document({ vip: '300.0.0.1' }));
    child.kill('SIGHUP');
    t.regex(await next, /services\[0\]\.vip: \\"300\.0\.0\.1\\" is not an IP address/);
    t.regex(run('--config', configFile(document()), 'counters').stdout, /198\.51\.100\.10:80\/tcp/);

    next = seen(/configuration in force/);
    writeFileSync(file, document({ vip: '198.51.100.11' }));
    await next;
    t.regex(run('--config', file, 'counters', '--json').stdout, /"vip":"198\.51\.100\.11"/);
    t.notRegex(sh('ip route show type unreachable'), /198\.51\.100\.10/);

    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
    child.kill('SIGTERM');
    t.is(await ended, 0);
    t.regex(sh('ip link show eth0'), /prog\/xdp/);
    t.is(run('--config', file, 'detach').status, 0);
    t.notRegex(sh('ip link show eth0'), /prog\/xdp/);
    t.is(sh('ip route show type unreachable'), '');
    t.is(run('--config', file, 'counters').status, 78);
  },
);
