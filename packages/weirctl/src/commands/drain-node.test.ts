import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { Node, NodeState, NodesService, Snapshot, StatsService } from '@weir/admin-api';
import test, { type ExecutionContext } from 'ava';
import { Refusal } from '../test-support/api-server.js';
import { printed, run, type Services } from '../test-support/asked-api.js';

/** The API of node lb1, which drains already or not, and has so many connections each time that it is asked. */
function node(wantedState: NodeState, connections: readonly bigint[] = []) {
  const left = [...connections];
  const lb1 = Node.fromPartial({ name: 'lb1', isThis: true, wantedState });
  const asked: string[] = [];
  const change = (what: string) => () => {
    asked.push(what);
    return { node: lb1, isInForce: true };
  };
  const services: Services = [
    [
      NodesService,
      {
        listNodes: () => ({ nodes: [lb1], nextPageToken: '' }),
        drainNode: change('drain'),
        activateNode: change('activate'),
      },
    ],
    [
      StatsService,
      {
        getStats: () => ({
          snapshot: Snapshot.fromPartial({
            services: [{ name: 'web', traffic: { activeConnections: left.shift() ?? 0n } }],
          }),
        }),
      },
    ],
  ];
  return { services, asked };
}

function temporaryFile(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'weirctl-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, 'drained');
}

test.serial('a drain with a limit waits until no connection is left', async (t) => {
  const { services, asked } = node(NodeState.ACTIVE, [7n, 2n]);
  t.is(await printed(t, services, ['drain', 'node', '--limit', '1m']), 'node lb1 is drained\n');
  t.deepEqual(asked, ['drain']);
});

test.serial('after the limit it says how many are left, and ends with 1', async (t) => {
  const { status: code, stderr } = await run(node(NodeState.ACTIVE, [7n]).services, ['drain', 'node', '--limit', '0s']);
  t.is(code, 1);
  t.is(stderr, 'weirctl: node lb1 drains; 7 connections are left; "weirctl undrain node lb1" takes it back\n');
});

test.serial('connections of another node than the one that is asked are not waited for', async (t) => {
  const { services, asked } = node(NodeState.ACTIVE);
  const { status: code, stderr } = await run(services, ['drain', 'node', 'lb2', '--limit', '1m']);
  t.is(code, 1);
  t.regex(stderr, /lb2 was named; ask it by --address/);
  t.deepEqual(asked, []);
});

test.serial('a node that was active is marked, and undrained by the mark once', async (t) => {
  const mark = temporaryFile(t);
  const { services, asked } = node(NodeState.ACTIVE);
  await printed(t, services, ['drain', 'node', '--mark', mark]);
  t.is(readFileSync(mark, 'utf8'), 'lb1\n');
  t.is(await printed(t, services, ['undrain', 'node', '--marked', mark]), 'node lb1 is active\n');
  t.false(existsSync(mark));
  t.is(await printed(t, services, ['undrain', 'node', '--marked', mark]), `nothing to undrain: there is no ${mark}\n`);
  t.deepEqual(asked, ['drain', 'activate']);
});

test.serial('a node that an operator has drained is not marked', async (t) => {
  const mark = temporaryFile(t);
  await printed(t, node(NodeState.DRAINING).services, ['drain', 'node', '--mark', mark]);
  t.false(existsSync(mark));
});

for (const { code, isMarked, title } of [
  { code: status.FAILED_PRECONDITION, isMarked: false, title: 'a drain that is refused leaves no mark' },
  { code: status.UNAVAILABLE, isMarked: true, title: 'a drain whose answer is lost leaves its mark' },
]) {
  test.serial(`the mark is there before the node drains; ${title}`, async (t) => {
    const mark = temporaryFile(t);
    const services: Services = [
      [
        NodesService,
        {
          listNodes: () => ({ nodes: [Node.fromPartial({ name: 'lb1', isThis: true })], nextPageToken: '' }),
          drainNode: () => {
            t.is(readFileSync(mark, 'utf8'), 'lb1\n');
            throw new Refusal(code, 'not now');
          },
        },
      ],
    ];
    const { status: ended } = await run(services, ['drain', 'node', '--mark', mark]);
    t.not(ended, 0);
    t.is(existsSync(mark), isMarked);
    t.plan(3);
  });
}

test.serial('an undrain waits for a node that does not answer yet, and keeps the mark until it is done', async (t) => {
  const mark = temporaryFile(t);
  writeFileSync(mark, '');
  const answers = [
    () => {
      t.true(existsSync(mark));
      throw new Refusal(status.UNAVAILABLE, 'not yet');
    },
    () => ({ node: Node.fromPartial({ name: 'lb1' }), isInForce: true }),
  ];
  const services: Services = [[NodesService, { activateNode: () => answers.shift()?.() }]];
  t.is(await printed(t, services, ['undrain', 'node', '--marked', mark, '--wait', '1m']), 'node lb1 is active\n');
  t.false(existsSync(mark));
});
