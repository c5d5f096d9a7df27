import test from 'ava';
import { type ChurnReport, simulateChurn } from './churn.js';
import { parseEvents } from './churn-event.js';
import { churnJson } from './churn-report.js';
import type { Outcome } from './protection.js';

const small = { seed: 1, flows: 20_000, nodes: 10, members: 20, choices: 3 } as const;

async function simulated(events: string, options: Partial<typeof small> | { seed: number } = {}): Promise<ChurnReport> {
  return await simulateChurn({ ...small, ...options, events: parseEvents(events) });
}

/** Of one protection, event by event. */
function outcomesOf(report: ChurnReport, protection: string): Outcome[] {
  return report.events.map(({ outcomes }) => outcomes.get(protection) as Outcome);
}

function brokenOf(report: ChurnReport, protection: string): number[] {
  return outcomesOf(report, protection).map(({ broken }) => broken);
}

for (const event of ['add', 'drain', 'crash']) {
  test(`one ${event} among 20 members breaks nothing with two or more choices, and much without`, async (t) => {
    const report = await simulated(event);
    t.deepEqual(brokenOf(report, 'GLB, 2 choices'), [0]);
    t.deepEqual(brokenOf(report, 'Weir, 3 choices'), [0]);
    const [byModulo = 0] = brokenOf(report, 'modulo');
    const [byMaglev = 0] = brokenOf(report, 'Maglev');
    t.true(byModulo > 0.85 * small.flows, `modulo: ${byModulo}`);
    t.true(byMaglev > 0 && byMaglev < 0.15 * small.flows, `Maglev: ${byMaglev}`);
  });
}

test('a crash of one of 20 ends about a twentieth of the connections, whatever protects them', async (t) => {
  const report = await simulated('crash');
  for (const [protection, { endedWithMember }] of report.events[0]?.outcomes ?? []) {
    // Modulo and Maglev are exact to a row; choices and chance are not.
    t.true(
      endedWithMember > 0.02 * small.flows && endedWithMember < 0.08 * small.flows,
      `${protection}: ${endedWithMember}`,
    );
  }
});

test('two members that join at once break connections with two choices, and none with three', async (t) => {
  const report = await simulated('add:2');
  const [byTwo = 0] = brokenOf(report, 'GLB, 2 choices');
  t.true(byTwo > 0 && byTwo < 0.02 * small.flows, `${byTwo}`);
  t.deepEqual(brokenOf(report, 'Weir, 3 choices'), [0]);
});

test('three members that join at once break connections with three choices, and none with four', async (t) => {
  const three = await simulated('add:3');
  t.true((brokenOf(three, 'Weir, 3 choices')[0] ?? 0) > 0);
  const four = await simulateChurn({ ...small, choices: 4, events: parseEvents('add:3') });
  t.deepEqual(brokenOf(four, 'Weir, 4 choices'), [0]);
});

test('no change of nodes or routers breaks what keeps no state on nodes', async (t) => {
  const report = await simulated('node-add,node-drain,node-crash,rehash,node-crash:3+node-add:2');
  for (const protection of ['modulo', 'Maglev', 'GLB, 2 choices', 'Weir, 3 choices']) {
    t.deepEqual(brokenOf(report, protection), [0, 0, 0, 0, 0], protection);
  }
});

test('no change of members breaks connections of shared state', async (t) => {
  const report = await simulated('add,drain,crash,add:5+drain:3+crash:2');
  for (const protection of ['shared, modulo routers', 'shared, resilient routers', 'shared, owner nodes']) {
    t.deepEqual(brokenOf(report, protection), [0, 0, 0, 0], protection);
  }
});

test('a crashed node takes only the youngest flows of shared state with it, a rehash those of all nodes, and none with owners', async (t) => {
  const report = await simulated('node-crash,rehash,node-drain');
  const [crashed = 0, rehashed = 0, drained = 0] = brokenOf(report, 'shared, resilient routers');
  // About 20,000 / 145 s * 3 s = 400 flows are younger than 3 s, if none ended before; a tenth of them are the node's.
  t.true(crashed > 0 && crashed < 40, `${crashed}`);
  t.true(rehashed > 40 && rehashed < 400, `${rehashed}`);
  t.is(drained, 0);
  const [crashedOwner = 0, ...rest] = brokenOf(report, 'shared, owner nodes');
  t.true(crashedOwner > 0 && crashedOwner < 40, `${crashedOwner}`);
  t.deepEqual(rest, [0, 0]);
});

test('with owners nearly each packet takes a hop, by second choices only those of connections that moved', async (t) => {
  const report = await simulated('add');
  const hopsOf = (protection: string) => outcomesOf(report, protection)[0]?.extraHopsPerFlow ?? Number.NaN;
  t.true(hopsOf('shared, owner nodes') > 0.85 && hopsOf('shared, owner nodes') < 1.1);
  t.true(hopsOf('Weir, 3 choices') > 0.01 && hopsOf('Weir, 3 choices') < 0.1);
  t.is(hopsOf('shared, modulo routers'), 0);
});

test('pinned flows break only when they were silent for as long as rows learn: far fewer than by Maglev alone', async (t) => {
  const report = await simulated('add');
  const [pinned = 0] = brokenOf(report, 'pinned, resilient routers');
  const [maglev = 0] = brokenOf(report, 'Maglev');
  t.true(pinned > 0 && pinned < 0.2 * maglev, `${pinned} of ${maglev}`);
});

test('a node that joins behind modulo routers loses what others had pinned, behind resilient ones only its share', async (t) => {
  const report = await simulated('add:4,node-add');
  const [, byModulo = 0] = brokenOf(report, 'pinned, modulo routers');
  const [, byResilient = 0] = brokenOf(report, 'pinned, resilient routers');
  t.true(byResilient > 0 && byResilient < 0.25 * byModulo, `${byResilient} and ${byModulo}`);
});

test('the same seed gives the same report, another one another', async (t) => {
  const options = { ...small, flows: 2000, events: parseEvents('add,crash+node-crash') };
  const report = await simulateChurn(options);
  t.is(churnJson(options, await simulateChurn(options)), churnJson(options, report));
  t.notDeepEqual(await simulateChurn({ ...options, seed: 2 }), report);
});

test('an event that leaves fewer than two members is refused by its name', async (t) => {
  await t.throwsAsync(simulated('drain,crash:100%'), { code: 'EVENT_IMPOSSIBLE', message: /"crash:100%" would leave/ });
});
