import { waitUntil } from '@weir/lab';
import test from 'ava';
import { installWeir } from './install-weir.js';
import type { Machine } from './machine.js';
import { MachineCluster } from './machine-cluster.js';
import { harmless } from './observed-traffic.js';
import { testAsRoot } from './test-as-root.js';
import { WEIR_VERSION, weirPackage } from './weir-package.js';

/** The bits of capabilities (linux/capability.h). */
const CAPABILITY_BITS = { NET_BIND_SERVICE: 10, NET_ADMIN: 12, NET_RAW: 13, PERFMON: 38, BPF: 39 };
const RESTART_TIMEOUT_MS = 90_000;
const IN_FORCE_TIMEOUT_MS = 60_000;

let weir: MachineCluster;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  weir = await MachineCluster.start({ nodes: 2, backends: 2 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

const node1 = () => weir.nodes[0] as Machine;
const backend1 = () => weir.backends[0] as Machine;

testAsRoot('the package installs on a bare Debian with what it depends on, and starts nothing by itself', async (t) => {
  t.timeout(600_000);
  const deb = await weirPackage();
  await node1().install(deb);
  for (const unit of ['weir-node', 'weir-real-server', 'weir-register', 'weir-gobgpd']) {
    t.like(await node1().unit(unit), { loadState: 'loaded', activeState: 'inactive' }, unit);
  }
  t.like(await node1().run('systemctl', ['is-enabled', 'weir-node']), { stdout: 'disabled\n' });
  for (const program of ['lb-node', 'real-server'])
    t.is(await node1().output(program, ['--version']), `${WEIR_VERSION}\n`);
  t.regex(await node1().output('id', ['weir']), /\(weir\)/);
});

testAsRoot('a node without a configuration says what is missing, and is not tried again', async (t) => {
  const { code } = await node1().run('systemctl', ['start', 'weir-node'], { timeoutMs: RESTART_TIMEOUT_MS });
  t.not(code, 0);
  t.like(await node1().unit('weir-node'), { activeState: 'failed', restarts: 0 });
  t.regex(await node1().journal('weir-node'), /\/etc\/weir\/weir\.yaml/);
});

testAsRoot('nodes and backends that are installed and enabled serve both VIPs', async (t) => {
  t.timeout(300_000);
  await installWeir(weir, await weirPackage());
  await harmless(t, weir, async () => undefined);
});

testAsRoot('the daemons run as the user weir, with the capabilities that they need and no way to more', async (t) => {
  const { NET_BIND_SERVICE, NET_ADMIN, NET_RAW, PERFMON, BPF } = CAPABILITY_BITS;
  const wanted = [
    { machine: node1(), unit: 'weir-node', bits: [NET_BIND_SERVICE, NET_ADMIN, NET_RAW, PERFMON, BPF] },
    { machine: backend1(), unit: 'weir-real-server', bits: [NET_ADMIN, PERFMON, BPF] },
  ];
  for (const { machine, unit, bits } of wanted) {
    const { mainPid } = await machine.unit(unit);
    const status = await machine.readFile(`/proc/${mainPid}/status`);
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1];
    const mask = bits
      .reduce((sum, bit) => sum + 2n ** BigInt(bit), 0n)
      .toString(16)
      .padStart(16, '0');
    t.is(field('Uid'), (await machine.output('id', ['-u', 'weir'])).trim(), unit);
    t.deepEqual([field('CapEff'), field('CapBnd'), field('NoNewPrivs')], [mask, mask, '1'], unit);
  }
});

testAsRoot('systemctl restart of a node loses no packet', async (t) => {
  t.timeout(300_000);
  const before = await node1().unit('weir-node');
  await harmless(t, weir, async () => {
    await node1().output('systemctl', ['restart', 'weir-node'], { timeoutMs: RESTART_TIMEOUT_MS });
    await weir.waitForRoutes(2);
  });
  t.not((await node1().unit('weir-node')).mainPid, before.mainPid);
});

testAsRoot('systemctl reload takes a changed configuration into force, and loses no packet', async (t) => {
  t.timeout(300_000);
  const [first, ...others] = weir.services;
  const renamed = [{ ...first, name: 'renamed', backends: first?.backends ?? [] }, ...others];
  await harmless(t, weir, async () => {
    await node1().writeFile('/etc/weir/weir.yaml', weir.weirYaml(node1(), renamed));
    await node1().output('systemctl', ['reload', 'weir-node'], { timeoutMs: RESTART_TIMEOUT_MS });
    const isInForce = async () => (await node1().output('weirctl', ['services'])).includes('renamed') || undefined;
    await waitUntil('the renamed service', isInForce, { timeoutMs: IN_FORCE_TIMEOUT_MS });
  });
  await node1().writeFile('/etc/weir/weir.yaml', weir.weirYaml(node1()));
});

testAsRoot('a daemon that is killed is back at once, and loses no packet', async (t) => {
  t.timeout(300_000);
  const { restarts } = await node1().unit('weir-node');
  await harmless(t, weir, async () => {
    await node1().output('systemctl', ['kill', '--kill-who=main', '--signal=KILL', 'weir-node']);
    await startedAgain(node1(), 'weir-node', restarts);
    await weir.waitForRoutes(2);
  });
});

testAsRoot('a daemon that hangs is found by the watchdog, and what it holds goes on meanwhile', async (t) => {
  t.timeout(300_000);
  // Sooner than the unit has it, which a test would wait for; later than a busy core makes a daemon wait that does not hang.
  const dropIn = '/run/systemd/system/weir-node.service.d/soon.conf';
  t.teardown(async () => {
    await node1().output('rm', ['-f', dropIn]);
    await node1().output('systemctl', ['daemon-reload']);
  });
  await node1().writeFile(dropIn, '[Service]\nWatchdogSec=10s');
  await node1().output('systemctl', ['daemon-reload']);
  await node1().output('systemctl', ['restart', 'weir-node'], { timeoutMs: RESTART_TIMEOUT_MS });
  await weir.waitForRoutes(2);
  const { restarts } = await node1().unit('weir-node');
  await harmless(t, weir, async () => {
    await node1().output('systemctl', ['kill', '--kill-who=main', '--signal=STOP', 'weir-node']);
    await startedAgain(node1(), 'weir-node', restarts);
    await weir.waitForRoutes(2);
  });
  t.regex(await node1().journal('weir-node'), /Watchdog timeout/);
});

testAsRoot('systemctl restart of the agent of a backend loses no packet', async (t) => {
  t.timeout(300_000);
  await harmless(t, weir, () =>
    backend1().output('systemctl', ['restart', 'weir-real-server'], { timeoutMs: RESTART_TIMEOUT_MS }),
  );
});

async function startedAgain(machine: Machine, unit: string, restarts: number): Promise<void> {
  const isBack = (state: { activeState: string; restarts: number }) =>
    state.activeState === 'active' && state.restarts > restarts;
  await machine.waitForUnit(unit, isBack, { timeoutMs: RESTART_TIMEOUT_MS });
}
