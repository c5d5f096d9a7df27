import { HttpLoad, type HttpResult } from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { AnsibleCluster } from './ansible-cluster.js';
import type { PlaybookResult } from './ansible-control.js';
import { testAsRoot } from './test-as-root.js';
import { NEXT_WEIR_VERSION, WEIR_VERSION, weirPackage } from './weir-package.js';

/** Over a new connection each, of each family. */
const REQUESTS_PER_SECOND = 40;

let fleet: AnsibleCluster;

test.before(async (t) => {
  t.timeout(600_000);
  if (process.getuid?.() !== 0) return;
  fleet = await AnsibleCluster.start(4, 3);
  await fleet.machines.repository.add(await weirPackage());
});

test.after.always(async () => fleet?.[Symbol.asyncDispose]());

testAsRoot('from bare machines, site.yml makes three nodes and three backends that serve both VIPs', async (t) => {
  t.timeout(600_000);
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
  t.timeout(600_000);
  const again = await fleet.play('site.yml', 3);
  succeeded(t, again);
  t.deepEqual(again.changes, []);
});

/** With its output, else: what Ansible says tells more than its exit code. */
function succeeded(t: ExecutionContext, { code, output }: PlaybookResult): void {
  if (code !== 0) t.fail(output.split('\n').slice(-60).join('\n'));
}
