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
  t.timeout(600_000);
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

testAsRoot("a package that is removed leaves the operator's files, and no program in the kernel", async (t) => {
  t.timeout(180_000);
  await node1().output('apt-get', ['-y', 'remove', 'weir'], { timeoutMs: 90_000 });
  await backend1().output('apt-get', ['-y', 'remove', 'weir'], { timeoutMs: 90_000 });
  t.true(await node1().exists('/etc/weir/weir.yaml'));
  for (const m of [node1(), backend1()]) {
    t.log(
      await m.output('ip', ['link', 'show', 'lan']),
      await m.output('ip', ['addr', 'show', 'lo']),
      await m.output('sh', [
        '-c',
        'ls -laR /sys/fs/bpf /run/weir /usr/lib/weir /var/lib/weir; ps ax; ip rule; ip route show table all; ip -6 rule',
      ]),
    );
  }
});

testAsRoot('a package that is purged leaves nothing', async (t) => {
  t.timeout(180_000);
  for (const m of [node1(), backend1()]) {
    await m.output('apt-get', ['-y', 'purge', 'weir'], { timeoutMs: 90_000 });
    t.log(
      await m.output('sh', [
        '-c',
        'find / -xdev -iname "*weir*" -not -path "/proc/*" -not -path "/srv/*"; ls -R /sys/fs/bpf; getent passwd weir; systemctl list-units --all "weir*"',
      ]),
    );
  }
});
