import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import test from 'ava';
import { parse } from 'yaml';

const logging = new URL('../../../deploy/logging/', import.meta.url);
const RSYSLOGD = '/usr/sbin/rsyslogd';
const shipped = readFileSync(new URL('rsyslog.conf', logging), 'utf8');
const testWithRsyslog = existsSync(RSYSLOGD) ? test : test.skip;
if (!existsSync(RSYSLOGD)) process.stderr.write('skipped: rsyslogd is not installed\n');

const EVENT = { level: 'warn', time: '2026-05-04T03:02:01.000Z', event: 'backend_down', reason: 'a "quoted" word' };

testWithRsyslog('rsyslog sends what daemons log as objects, and leaves other lines and programs alone', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-rsyslog-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  let received = '';
  const collector = createServer((socket) => socket.on('data', (bytes) => (received += bytes))).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  t.teardown(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const socket = join(directory, 'log');
  const file = join(directory, 'rsyslog.conf');
  const here = shipped.replace('target="logs.example" port="6514"', `target="127.0.0.1" port="${port}"`);
  t.not(here, shipped);
  writeFileSync(
    file,
    `global(workDirectory="${directory}")\nmodule(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="${socket}")\n${here}`,
  );
  const checked = spawnSync(RSYSLOGD, ['-N1', '-f', file], { encoding: 'utf8' });
  t.is(checked.status, 0, checked.stderr);

  const daemon = spawn('setpriv', ['--pdeathsig', 'KILL', RSYSLOGD, '-n', '-f', file, '-i', join(directory, 'pid')]);
  t.teardown(async () => {
    const ended = once(daemon, 'exit');
    if (daemon.kill('SIGTERM')) await ended;
  });
  await eventually('its socket', () => existsSync(socket));
  const log = (program: string, text: string) => spawnSync('logger', ['--socket', socket, '-t', program, '--', text]);
  log('nginx', '{"event":"of another program"}');
  log('lb-node', 'no JSON at all');
  log('lb-node', JSON.stringify(EVENT));
  log('real-server', JSON.stringify({ event: 'last' }));
  await eventually('the last line', () => received.includes('"last"') && received.endsWith('\n'));
  const [first, second, ...others] = received
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  t.like(first, { syslog: { program: 'lb-node' }, weir: EVENT });
  t.like(second, { syslog: { program: 'real-server' }, weir: { event: 'last' } });
  t.deepEqual(others, []);
});

test('the example for Vector reads the units that there are, and every step has its input', (t) => {
  const { sources, transforms, sinks } = parse(readFileSync(new URL('vector.yaml', logging), 'utf8'));
  for (const unit of sources.weir_journal.include_units) {
    t.true(existsSync(new URL(`../systemd/${unit}.service`, logging)), unit);
  }
  const names = [...Object.keys(sources), ...Object.keys(transforms)];
  for (const { inputs } of [...Object.values(transforms), ...Object.values(sinks)] as { inputs: string[] }[]) {
    for (const input of inputs) t.true(names.includes(input), input);
  }
});
