import test from 'ava';
import { installWeir } from './install-weir.js';
import type { Machine } from './machine.js';
import { MachineCluster } from './machine-cluster.js';
import { harmless } from './observed-traffic.js';
import { testAsRoot } from './test-as-root.js';
import { NEXT_WEIR_VERSION, weirPackage } from './weir-package.js';

const ROLLING_TIMEOUT_MS = 300_000;

let weir: MachineCluster;
let next: string;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  const first = await weirPackage();
  next = await weirPackage(NEXT_WEIR_VERSION);
  weir = await MachineCluster.start({ nodes: 2, backends: 2 });
  await installWeir(weir, first);
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const node1 = () => weir.nodes[0] as Machine;
const backend1 = () => weir.backends[0] as Machine;

testAsRoot(
  'an upgrade of one machine after another under traffic loses no packet, and runs what was installed',
  async (t) => {
    t.timeout(ROLLING_TIMEOUT_MS);
    await harmless(t, weir, async () => {
      for (const node of weir.nodes) {
        await node.install(next);
        await weir.waitForRoutes(weir.nodes.length);
      }
      for (const backend of weir.backends) await backend.install(next);
    });
    for (const [machine, unit] of [
      [node1(), 'weir-node'],
      [backend1(), 'weir-real-server'],
    ] as const) {
      const { mainPid, activeState } = await machine.unit(unit);
      t.is(activeState, 'active', unit);
      t.notRegex(await machine.output('readlink', [`/proc/${mainPid}/exe`]), /deleted/, unit);
      t.is((await machine.output('cat', ['/usr/lib/weir/VERSION'])).trim(), NEXT_WEIR_VERSION);
    }
  },
);

testAsRoot(
  "a package that is removed takes the machine back to what it was, but for the operator's files",
  async (t) => {
    t.timeout(600_000);
    for (const [machine, file] of [
      [node1(), '/etc/weir/weir.yaml'],
      [backend1(), '/etc/default/weir-real-server'],
    ] as const) {
      await machine.output('apt-get', ['-y', 'remove', 'weir'], { timeoutMs: 180_000 });
      t.true(await machine.exists(file), file);
      t.false(await machine.exists('/usr/lib/weir'), machine.name);
      t.notRegex(await machine.output('ip', ['link', 'show', 'lan']), /xdp/, machine.name);
      t.notRegex(await machine.output('ip', ['address', 'show', 'lo']), /198\.51\.100|2001:db8/, machine.name);
      t.notRegex(await machine.output('ip', ['rule']), /17700/, machine.name);
      t.is((await machine.run('pgrep', ['--uid', 'weir'])).stdout, '', machine.name);
    }
  },
);

testAsRoot('a package that is purged leaves no file', async (t) => {
  t.timeout(600_000);
  for (const machine of [node1(), backend1()]) {
    await machine.output('apt-get', ['-y', 'purge', 'weir'], { timeoutMs: 180_000 });
    t.is(
      await machine.output('find', ['/', '/sys/fs/bpf', '/run', '-ignore_readdir_race', '-xdev', '-iname', '*weir*']),
      '',
      machine.name,
    );
  }
});
