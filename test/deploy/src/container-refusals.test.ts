import test, { type ExecutionContext } from 'ava';
import { AGENT_CAPABILITIES, AS_IMAGE_USER, AS_POD, ContainerCluster, NODE_CAPABILITIES } from './container-cluster.js';
import type { ImageRun } from './image-run.js';
import { type ImageContainer, runImage } from './image-runtime.js';
import { testAsRoot } from './test-as-root.js';

let cluster: ContainerCluster;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  cluster = await ContainerCluster.start();
});
test.after.always(async () => cluster?.[Symbol.asyncDispose]());

const without = (names: readonly string[], name: string) => names.filter((other) => other !== name);

/** That a container ends by itself, with that code, and says that. */
async function ends(t: ExecutionContext, container: ImageContainer, code: number, said: RegExp): Promise<void> {
  t.deepEqual(await container.process.exited, { code, signal: null });
  await container.process.closed;
  t.regex(container.process.lines.join('\n'), said);
}

testAsRoot('a configuration that is wrong ends a container with 78 and the field', async (t) => {
  t.timeout(120_000);
  const document = { ...cluster.document(0), bgp: { asn: 'sixty-four' } };
  await ends(t, await cluster.startNode(0, AS_IMAGE_USER, document), 78, /bgp.*asn/);
});

for (const [who, run] of Object.entries({ 'of its own user': AS_IMAGE_USER, 'of root': AS_POD })) {
  for (const name of ['NET_ADMIN', 'BPF', 'PERFMON']) {
    testAsRoot(`a node ${who} that lacks CAP_${name} ends with 77 and names it`, async (t) => {
      t.timeout(120_000);
      const options: Partial<ImageRun> = { ...run, capabilities: without(NODE_CAPABILITIES, name) };
      await ends(t, await cluster.startNode(0, options), 77, new RegExp(`CAP_${name}\\b`));
    });
  }
}

testAsRoot('an agent that lacks CAP_NET_ADMIN ends with 77 and names it', async (t) => {
  t.timeout(120_000);
  const capabilities = without(AGENT_CAPABILITIES, 'NET_ADMIN');
  const error = await t.throwsAsync(cluster.startAgent(0, { capabilities }));
  t.regex(error?.message ?? '', /exited with 77/);
  t.regex(error?.message ?? '', /CAP_NET_ADMIN\b/);
});

testAsRoot('a container that may not escalate privileges says that its user has no capabilities', async (t) => {
  t.timeout(120_000);
  const container = await cluster.startNode(0, { allowPrivilegeEscalation: false });
  await ends(t, container, 77, /no_new_privs.*allowPrivilegeEscalation/);
});

testAsRoot('a container can not set what its host has not, ends with 77 and names the setting', async (t) => {
  t.timeout(120_000);
  await cluster.node(1).output('sysctl', ['-qw', 'net.ipv6.conf.lan.forwarding=0']);
  await ends(t, await cluster.startNode(1), 77, /net\.ipv6\.conf\.lan\.forwarding/);
  await cluster.backend(1).output('sysctl', ['-qw', 'net.ipv4.conf.all.arp_ignore=0']);
  const error = await t.throwsAsync(cluster.startAgent(1));
  t.regex(error?.message ?? '', /exited with 77.*arp_ignore/s);
});

testAsRoot('an argument that is no program ends a container with 2 and the programs there are', async (t) => {
  const container = await runImage(cluster.node(0), { name: 'unknown', args: ['lb-nod'] }, cluster.image);
  await ends(t, container, 2, /lb-node, real-server, register or weirctl; found "lb-nod"/);
});

testAsRoot('weirctl and register run without a capability', async (t) => {
  t.timeout(120_000);
  for (const program of ['weirctl', 'register']) {
    const container = await runImage(cluster.node(0), { name: program, args: [program, '--help'] }, cluster.image);
    await ends(t, container, 0, /Usage:/);
  }
});
