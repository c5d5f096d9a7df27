import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Lab, waitUntil } from '@weir/lab';
import { Machine } from './machine.js';
import { PackageRepository } from './package-repository.js';
import { makeSshAccess } from './ssh-key.js';
import { testAsRoot } from './test-as-root.js';

const HOLDER = fileURLToPath(new URL('./machine-holder.fixture.js', import.meta.url));

const pair = {
  name: 'pair',
  hosts: { control: {}, box: {} },
  links: [{ from: { host: 'control', addresses: ['10.0.0.1/24'] }, to: { host: 'box', addresses: ['10.0.0.2/24'] } }],
};

testAsRoot('a machine boots with nothing failed, lets its key in by ssh, and runs what apt installs', async (t) => {
  t.timeout(600_000);
  await using lab = await Lab.start(pair);
  const repository = await PackageRepository.create(lab);
  const ssh = await makeSshAccess(lab, repository.base);
  const box = await Machine.boot(lab.host('box'), { repository, authorizedKeys: [ssh.publicKey] });
  t.is(await box.output('systemctl', ['is-system-running']), 'running\n');

  const login = ['-i', ssh.privateKeyFile, '-o', `UserKnownHostsFile=${ssh.knownHostsFile}`, 'root@10.0.0.2'];
  t.is(await lab.host('control').output('ssh', [...login, 'hostname']), 'box\n');

  await box.installByName('redis-server');
  t.like(await box.waitForUnit('redis-server'), { activeState: 'active', restarts: 0 });
  t.is(await box.output('redis-cli', ['ping']), 'PONG\n');
  t.like(await box.unit('no-such-unit'), { loadState: 'not-found', activeState: 'inactive' });
});

testAsRoot('what a machine writes is gone when it is stopped, and its host boots another one', async (t) => {
  t.timeout(600_000);
  await using lab = await Lab.start(pair);
  const repository = await PackageRepository.create(lab);
  const boot = () => Machine.boot(lab.host('box'), { repository });
  const first = await boot();
  await first.writeFile('/etc/only-here/file', 'text');
  t.is(await first.readFile('/etc/only-here/file'), 'text\n');
  await first.stop();
  t.deepEqual(lab.host('box').pids(), []);
  const second = await boot();
  t.false(await second.exists('/etc/only-here'));
});

testAsRoot('a lab that goes takes its machines with it: processes and control groups', async (t) => {
  t.timeout(600_000);
  const lab = await Lab.start(pair);
  const { system } = await Machine.boot(lab.host('box'), { repository: await PackageRepository.create(lab) });
  t.not(controlGroupsOf(lab.id).length, 0);
  await lab[Symbol.asyncDispose]();
  t.false(existsSync(`/proc/${system.pid}/root/etc`));
  t.deepEqual(controlGroupsOf(lab.id), []);
});

testAsRoot('a machine ends when the process of its test is killed, and the next lab removes the rest', async (t) => {
  t.timeout(600_000);
  const holder = spawn(process.execPath, [HOLDER], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => holder.kill('SIGKILL'));
  const line = await Promise.race([
    once(createInterface({ input: holder.stdout }), 'line').then(([first]) => String(first)),
    once(holder, 'exit').then(([code, signal]) => {
      throw new Error(`the holder ended before its machine was up: ${code ?? signal}`);
    }),
  ]);
  const [id = '', pid] = line.split(' ');
  t.true(existsSync(`/proc/${pid}/root/etc`));
  const end = once(holder, 'exit');
  holder.kill('SIGKILL');
  await end;
  await waitUntil('systemd to end', () => !existsSync(`/proc/${pid}/root/etc`) || undefined, {
    timeoutMs: 60_000,
  });
  await using _next = await Lab.start(pair);
  t.deepEqual(controlGroupsOf(id), []);
  t.false(existsSync(`/run/weir-lab/${id}`));
});

function controlGroupsOf(id: string): string[] {
  return readdirSync('/sys/fs/cgroup', { recursive: true, encoding: 'utf8' }).filter((path) => path.includes(id));
}
