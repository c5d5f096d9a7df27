import { waitUntil } from '@weir/lab';
import test from 'ava';
import { etcdOf, nodeOf } from './etcd-cluster.js';
import { type FoundStatus, RolloutCluster, type RolloutTraffic } from './rollout-cluster.js';
import { testAsRoot } from './test-as-root.js';

const LONG_CONNECTIONS = 100;
/** Daemons that start take long on a machine that does other things too. */
const TEST_TIMEOUT_MS = 300_000;
const NODES = ['node1', 'node2', 'node3'];

let lab: RolloutCluster;
let traffic: RolloutTraffic;

test.before(async () => {
  if (process.getuid?.() !== 0) return;
  lab = await RolloutCluster.start({ nodes: NODES.length, backends: 2, etcdOptions: { lease: '10s' } });
  traffic = await lab.traffic(LONG_CONNECTIONS);
});
test.after.always(async () => lab?.[Symbol.asyncDispose]());

/** By both families. */
const waitForRoutes = async (count: number) => {
  for (const vip of Object.values(lab.weir.cluster.vip)) await lab.weir.waitForRoutes(vip, count);
};

const stagesOf = ({ steps }: FoundStatus) => steps.map(({ stage }) => stage);
const isAtSecondStep = (status: FoundStatus) => stagesOf(status)[0] === 'done';

testAsRoot('a rollout whose leader is killed in the middle is finished by another node', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  await lab.put('leader', { kind: 'restart-nodes', nodes: ['node1', 'node2'] });
  const { leader } = await lab.statusThat('leader', 'be at its second step', isAtSecondStep);
  const killed = nodeOf(lab.weir, leader);
  // Started again at once, it might win the election that its lease's end begins.
  const letItStart = lab.supervisor.holdBack(leader as string);
  killed.process.kill('SIGKILL');
  const next = await lab.statusThat('leader', 'be led by another node', (status) => status.leader !== leader);
  t.not(next.leader, leader);
  letItStart();
  const { state, reason } = await lab.statusThat('leader', 'end', (status) => status.state !== 'running', 120_000);
  t.deepEqual([state, reason], ['done', undefined]);
  await waitForRoutes(NODES.length);
  await traffic.assertUnharmed(t, `${leader}, the leader, was killed while nodes were restarted`);
});

testAsRoot('a rollout that is paused begins no step until it is resumed', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const rollout = { kind: 'drain-nodes', nodes: ['node2', 'node3'], checkFor: '10s' };
  await lab.put('pause', rollout);
  await lab.statusThat('pause', 'be at its first step', (status) => stagesOf(status)[0] !== 'pending');
  await lab.put('pause', { ...rollout, wish: 'pause' });
  const paused = await lab.statusThat('pause', 'be paused', ({ state }) => state === 'paused');
  t.is(stagesOf(paused)[1], 'pending');
  await lab.put('pause', { ...rollout, wish: 'run' });
  const { state } = await lab.statusThat(
    'pause',
    'end',
    (status) => status.state === 'done' || status.state === 'failed',
    120_000,
  );
  t.is(state, 'done');
  await waitForRoutes(1);
  await traffic.assertUnharmed(t, 'two of three nodes were drained, with a pause');
});

testAsRoot('a rollout that is aborted leaves the nodes as they were before', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const rollout = { kind: 'activate-nodes', nodes: ['node2', 'node3'] };
  for (const node of rollout.nodes) await etcdOf(lab.weir).put(`node-states/${node}`, { state: 'draining' });
  await waitForRoutes(1);
  await lab.put('abort', rollout);
  await lab.statusThat('abort', 'be at its second step', isAtSecondStep);
  await lab.put('abort', { ...rollout, wish: 'abort' });
  const aborted = await lab.statusThat('abort', 'be aborted', ({ state }) => state === 'aborted');
  t.deepEqual(stagesOf(aborted), ['undone', 'undone']);
  await waitForRoutes(1);
  for (const node of rollout.nodes) await etcdOf(lab.weir).put(`node-states/${node}`, { state: 'active' });
  await waitForRoutes(NODES.length);
  await traffic.assertUnharmed(t, 'two nodes came back, after a rollout that was aborted');
});

testAsRoot('a node whose session is down pauses a rollout, which says why; it goes on when told to', async (t) => {
  t.timeout(TEST_TIMEOUT_MS);
  const { ipv4 } = lab.weir.cluster.nodes[2] as { readonly ipv4: string };
  const neighbour = (command: string) =>
    lab.weir.router.vtysh(`configure terminal\nrouter bgp 64500\n${command.replace('NEIGHBOUR', `neighbor ${ipv4}`)}`);
  await neighbour('NEIGHBOUR shutdown');
  await waitForRoutes(NODES.length - 1);
  await waitUntil('node3 to say that it has no session', async () => {
    const record = (await etcdOf(lab.weir).get('nodes/node3')) as
      | { condition?: { sessions: { up: number } } }
      | undefined;
    return record?.condition?.sessions.up === 0 || undefined;
  });
  const rollout = { kind: 'restart-nodes', nodes: ['node1'], stepTimeout: '3s' };
  await lab.put('trouble', rollout);
  const { reason, steps } = await lab.statusThat('trouble', 'be paused', ({ state }) => state === 'paused');
  t.regex(reason ?? '', /the cluster is not whole: node3 has 0 of 1 sessions up/);
  t.is(steps[0]?.stage, 'pending');
  await neighbour('no NEIGHBOUR shutdown');
  await waitForRoutes(NODES.length);
  await lab.put('trouble', { ...rollout, stepTimeout: '30s', wish: 'run' });
  const { state } = await lab.statusThat('trouble', 'be done', (status) => status.state === 'done');
  t.is(state, 'done');
  await waitForRoutes(NODES.length);
  await traffic.assertUnharmed(t, 'a session went down and came back, then a node was restarted');
});
