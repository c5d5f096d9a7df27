import test, { type ExecutionContext } from 'ava';
import { AS_POD, ContainerCluster, ready } from './container-cluster.js';
import type { ImageContainer } from './image-runtime.js';
import { renderChart } from './kubernetes-tools.js';
import { testAsRoot } from './test-as-root.js';

interface Exec {
  readonly exec: { readonly command: readonly string[] };
}

interface PodSpec {
  readonly initContainers: readonly { readonly command: readonly string[] }[];
  readonly containers: readonly {
    readonly command: readonly string[];
    readonly lifecycle: { readonly preStop: Exec; readonly postStart: Exec };
    readonly startupProbe: Exec;
    readonly readinessProbe: Exec;
    readonly livenessProbe: Exec;
    readonly securityContext: { readonly capabilities: { readonly add: readonly string[] } };
  }[];
}

let cluster: ContainerCluster;

test.before(async (t) => {
  t.timeout(1_200_000);
  if (process.getuid?.() !== 0) return;
  cluster = await ContainerCluster.start();
});
test.after.always(async () => cluster?.[Symbol.asyncDispose]());

/** The pods of a DaemonSet of the chart, for the lab's hosts. */
function podOf(part: 'node' | 'agent', ...values: readonly string[]): PodSpec {
  const { ipv4, ipv6 } = cluster.weir.cluster.vip;
  const set = [
    'image.repository=registry.example/weir',
    'etcd.mode=none',
    'nodes.interfaces={lan}',
    'agent.enabled=true',
    'agent.interface=lan',
    `agent.vips={${ipv4},${ipv6}}`,
    ...values,
  ];
  const objects = renderChart(...set.flatMap((value) => ['--set', value]));
  const found = objects.find(({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === `weir-${part}`);
  return (found as unknown as { spec: { template: { spec: PodSpec } } }).spec.template.spec;
}

function containerOf(pod: PodSpec): PodSpec['containers'][number] {
  const [container] = pod.containers;
  if (container === undefined) throw new RangeError('the pod has no container');
  return container;
}

/** Runs the script that prepares a host, on a host of the lab that has a /sys of its own. */
async function prepare(pod: PodSpec) {
  const [, flags = '', script = ''] = pod.initContainers[0]?.command ?? [];
  const inSys = 'mount -t sysfs sysfs /sys && exec sh "$@"';
  const command = ['NODE_NAME=node1', 'unshare', '--mount', 'sh', '-ec', inSys, 'sh', flags, script];
  return await cluster.node(0).run('env', command);
}

async function succeeds(t: ExecutionContext, container: ImageContainer, { exec }: Exec): Promise<void> {
  const { code, stderr } = await container.exec(exec.command);
  t.is(code, 0, `${exec.command.join(' ')}: ${stderr}`);
}

testAsRoot(
  'the init container mounts bpffs and turns forwarding on, and stops a host with too small an MTU',
  async (t) => {
    await cluster.node(0).output('sysctl', ['-qw', 'net.ipv4.conf.lan.forwarding=0', 'net.ipv6.conf.lan.forwarding=0']);
    const { code, stderr } = await prepare(podOf('node'));
    t.is(code, 0, stderr);
    for (const family of ['ipv4', 'ipv6']) {
      t.is((await cluster.node(0).output('sysctl', ['-n', `net.${family}.conf.lan.forwarding`])).trim(), '1', family);
    }
    const refused = await prepare(podOf('node', 'hostPreparation.minMtuBytes=9000'));
    t.is(refused.code, 78);
    t.regex(
      refused.stderr,
      /lan of node1 has an MTU of \d+, hostPreparation\.minMtuBytes is 9000: ip link set lan mtu 9000/,
    );
    t.regex(
      (await prepare(podOf('node', 'nodes.interfaces={eth7}'))).stderr,
      /node1 has no interface eth7; it has: .*lan/,
    );
  },
);

testAsRoot("an agent's pod runs in the image, and its probes say so", async (t) => {
  t.timeout(180_000);
  const { command, securityContext, startupProbe, readinessProbe } = containerOf(podOf('agent'));
  const { add: capabilities } = securityContext.capabilities;
  const container = await cluster.startAgent(0, { ...AS_POD, command, args: [], capabilities });
  await succeeds(t, container, startupProbe);
  await succeeds(t, container, readinessProbe);
});

testAsRoot("a node's pod runs in the image: its probes, its drain before the end, and its return", async (t) => {
  t.timeout(300_000);
  const pod = containerOf(podOf('node', 'nodes.drain.limit=1s'));
  const { weir } = cluster;
  const { address: own, ...node } = cluster.document(0).node as { name: string; address: string };
  const document = { ...cluster.document(0), node: { ...node, name: `\${env:NODE_NAME}`, address: `\${env:NODE_IP}` } };
  const env = { NODE_NAME: node.name, NODE_IP: own };
  const { command, lifecycle } = pod;
  const { add: capabilities } = pod.securityContext.capabilities;
  const container = await cluster
    .startNode(0, { ...AS_POD, command, args: [], env, capabilities }, document)
    .then(ready);
  await succeeds(t, container, lifecycle.postStart);
  for (const probe of [pod.startupProbe, pod.readinessProbe, pod.livenessProbe]) await succeeds(t, container, probe);
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);

  await succeeds(t, container, lifecycle.preStop);
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 0);
  await succeeds(t, container, pod.livenessProbe);
  await succeeds(t, container, lifecycle.postStart);
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);

  t.like(await container.stop(), { code: 0 });
});
