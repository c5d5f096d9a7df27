import { HttpLoad } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { AnsibleCluster } from './ansible-cluster.js';
import type { PlaybookResult } from './ansible-control.js';
import { testAsRoot } from './test-as-root.js';
import { NEXT_WEIR_VERSION, WEIR_VERSION, weirPackage } from './weir-package.js';

/** Over a new connection each, of each family. */
const REQUESTS_PER_SECOND = 40;

const PLANTED = '/etc/systemd/system/weir-node.service.d/planted.conf';

let fleet: AnsibleCluster;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  fleet = await AnsibleCluster.start(4, 3);
  await fleet.machines.repository.add(await weirPackage());
});

test.after.always(async () => fleet?.[Symbol.asyncDispose]());

testAsRoot('from bare machines, site.yml makes three nodes and three backends that serve both VIPs', async (t) => {
  t.timeout(900_000);
  const installed = await fleet.play('site.yml', 3);
  succeeded(t, installed);
  await fleet.machines.waitForRoutes(3);
  for (const vip of fleet.machines.vips) {
    const options = { url: fleet.machines.url(vip), requestsPerSecond: 200, requests: 60 };
    const { failed, backends } = await HttpLoad.run(fleet.machines.client, options);
    t.is(failed, 0);
    t.is(Object.keys(backends).length, 3);
  }
});

testAsRoot('a second run of site.yml changes nothing', async (t) => {
  t.timeout(900_000);
  const again = await fleet.play('site.yml', 3);
  succeeded(t, again);
  t.deepEqual(again.changes, []);
});

testAsRoot('an upgrade whose first node does not come up stops there, and leaves the others alone', async (t) => {
  t.timeout(900_000);
  const [node1, ...others] = fleet.machines.nodes.slice(0, 3);
  await fleet.machines.repository.add(await weirPackage(NEXT_WEIR_VERSION));
  const instances = await Promise.all(others.map(async (node) => (await node.unit('weir-node')).mainPid));
  await node1?.writeFile(PLANTED, '[Service]\nExecStartPre=/bin/false');
  const { code, output } = await fleet.play('upgrade.yml', 3, { weir_start_wait_s: 3 });
  t.not(code, 0);
  t.regex(
    output.replaceAll(/\s+/g, ' '),
    /node1 has \S+, and its daemon does not come up: .* no other host was touched/,
  );
  t.deepEqual(await Promise.all(others.map(async (node) => (await node.unit('weir-node')).mainPid)), instances);
  t.deepEqual(await versions(), [NEXT_WEIR_VERSION, WEIR_VERSION, WEIR_VERSION]);
  await node1?.output('rm', [PLANTED]);
});

testAsRoot('upgrade.yml goes on when that is mended, and no request fails', async (t) => {
  t.timeout(900_000);
  const load = traffic();
  succeeded(t, await fleet.play('upgrade.yml', 3));
  await unharmed(t, load);
  t.deepEqual(await versions(), [NEXT_WEIR_VERSION, NEXT_WEIR_VERSION, NEXT_WEIR_VERSION]);
});

testAsRoot('a host that is added to the inventory joins, and no request fails', async (t) => {
  t.timeout(900_000);
  const load = traffic();
  succeeded(t, await fleet.play('site.yml', 4));
  await fleet.machines.waitForRoutes(4);
  await unharmed(t, load);
});

testAsRoot('scale-in.yml takes a node out, and no request fails', async (t) => {
  t.timeout(900_000);
  const load = traffic();
  succeeded(t, await fleet.play('scale-in.yml', 4, { weir_leaving: ['node4'] }));
  await fleet.machines.waitForRoutes(3);
  await unharmed(t, load);
  const [node1, , , node4] = fleet.machines.nodes;
  t.like(await node4?.unit('weir-node'), { activeState: 'inactive' });
  t.notRegex((await node1?.output('weirctl', ['nodes'])) ?? '', /node4/);
});

function traffic(): readonly HttpLoad[] {
  const { client, vips } = fleet.machines;
  return vips.map((vip) =>
    HttpLoad.start(client, { url: fleet.machines.url(vip), requestsPerSecond: REQUESTS_PER_SECOND }),
  );
}

async function unharmed(t: ExecutionContext, loads: readonly HttpLoad[]): Promise<void> {
  for (const load of loads) {
    const { failed, errors, requests } = await load.stop();
    t.is(failed, 0, JSON.stringify(errors));
    t.true(requests > REQUESTS_PER_SECOND);
  }
}

/** What is installed on the first three nodes. */
async function versions(): Promise<readonly string[]> {
  const nodes = fleet.machines.nodes.slice(0, 3);
  return await Promise.all(
    nodes.map(async (node) => (await node.output('dpkg-query', ['--show', 'weir'])).trim().split('\t')[1] ?? ''),
  );
}

/** With its output, else: what Ansible says tells more than its exit code. */
function succeeded(t: ExecutionContext, { code, output }: PlaybookResult): void {
  if (code !== 0) t.fail(output.split('\n').slice(-60).join('\n'));
}
