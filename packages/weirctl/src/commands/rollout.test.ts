import { Rollout, RolloutsService } from '@weir/admin-api';
import test from 'ava';
import { printed, run } from '../test-support/asked-api.js';

test.serial('a rollout is watched to its end, a line for each thing that changes', async (t) => {
  const at = (phase: string, first: string, second: string, reason = '') => ({
    rollout: Rollout.fromPartial({
      name: 'up',
      phase,
      reason,
      started: new Date(0),
      ended: new Date(65_000),
      steps: [
        { text: 'restart node1', phase: first },
        { text: 'restart node2', phase: second, detail: second === 'running' ? '3 connections left' : '' },
      ],
    }),
  });
  const watched = (end: object) => ({
    watchRollout: () => [at('running', 'running', 'waiting'), at('running', 'done', 'running'), end],
  });
  t.is(
    await printed(t, [[RolloutsService, watched(at('done', 'done', 'done'))]], ['rollout', 'watch', 'up']),
    `[1/2] restart node1: running
[1/2] restart node1: done
[2/2] restart node2: running, 3 connections left
[2/2] restart node2: done
rollout up is done in 1m 5s
`,
  );
  const failed = watched(at('failed', 'done', 'failed', 'node2 did not come back'));
  const { status: code, stderr } = await run([[RolloutsService, failed]], ['rollout', 'watch', 'up']);
  t.is(code, 1);
  t.regex(stderr, /rollout up is failed: node2 did not come back/);
});

test.serial('of a rollout that has not begun, no time is told', async (t) => {
  const getRollout = () => ({ rollout: Rollout.fromPartial({ name: 'up', phase: 'waiting' }) });
  t.is(
    await printed(t, [[RolloutsService, { getRollout }]], ['rollout', 'status', 'up']),
    'up: waiting\ndriven by nobody yet\n',
  );
});
