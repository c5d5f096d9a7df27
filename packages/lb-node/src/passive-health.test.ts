import { parseNodeConfig } from '@weir/control';
import { createLogger, type Logger } from '@weir/daemon';
import type { Counters } from '@weir/dataplane';
import test, { type ExecutionContext } from 'ava';
import { probeId } from './health-probes.js';
import { PassiveHealth } from './passive-health.js';
import { eventually } from './test-support/eventually.js';

const configOf = (passiveCheck: string, weight = 1) =>
  parseNodeConfig(
    `node: { interfaces: [eth0] }
services:
  - { name: web, vip: 198.51.100.10, port: 80, passiveCheck: ${passiveCheck},
      backends: [ { name: web1, address: 10.0.0.21, weight: ${weight} }, { name: web2, address: 10.0.0.22 } ] }`,
    'weir.yaml',
  );
const watched = configOf('{ attempts: 1, within: 1s }');

/** A data plane whose first backend answers nobody: five connections more for each time that it is asked. */
function start(t: ExecutionContext, unanswered: number) {
  const lines: string[] = [];
  let asked = 0;
  let changes = 0;
  const backend = (address: string, failed: number) => {
    const count = { packets: 0, bytes: 0, newFlows: 0, activeConnections: 0, inactiveConnections: 0 };
    return { ...count, address, port: 0, attempts: { tried: 5 * asked, unanswered: failed * asked, refused: 0 } };
  };
  const counters = async (): Promise<Counters> => {
    asked++;
    const backends = [backend('10.0.0.21', unanswered), backend('10.0.0.22', 0)];
    const key = { vip: '198.51.100.10', protocol: 'tcp', port: 80 } as const;
    const services = [{ ...key, packets: 0, bytes: 0, newFlows: 0, backends }];
    return { services, handovers: [], drops: {} as Counters['drops'] };
  };
  const say = (_fields: object, text: string) => lines.push(text);
  const silent = createLogger('lb-node', { level: 'fatal', format: 'json' });
  const logger: Logger = Object.assign(Object.create(silent) as Logger, { info: say, warn: say });
  const health = new PassiveHealth({
    dataplane: { counters },
    logger,
    onChange: () => changes++,
    isHealthy: () => true,
    now: () => performance.now(),
  });
  t.teardown(() => health[Symbol.dispose]());
  const lookedAgain = async () => {
    const before = asked;
    await eventually('two more looks', async () => asked > before + 2 || undefined);
  };
  return { health, lines, asked: () => asked, changes: () => changes, lookedAgain };
}

const [service] = watched.services;
const idOf = (at: number) => {
  const backend = service?.backends[at];
  if (service === undefined || backend === undefined) throw new Error('the configuration has it');
  return probeId(service, backend);
};

test('a backend that answers nobody is left out, and the log says why', async (t) => {
  const { health, lines, changes } = start(t, 5);
  health.follow(watched);
  await eventually('the first backend to be out', async () => health.ejection('web', idOf(0)));
  t.is(health.ejection('web', idOf(1)), undefined);
  t.is(lines.length, 1);
  t.regex(
    lines[0] ?? '',
    /^backend web1 of web is left out for 30 s: (\d+) of \1 connections in 1 s were not answered \(SYN sent again\)$/,
  );
  t.is(changes(), 1);
});

test('a service whose check is taken away has nobody left out, and begins anew when it has one again', async (t) => {
  const { health, asked } = start(t, 5);
  health.follow(watched);
  await eventually('the first backend to be out', async () => health.ejection('web', idOf(0)));
  health.follow(configOf('off'));
  t.is(health.ejection('web', idOf(0)), undefined);
  const before = asked();
  health.follow(watched);
  await eventually('to be asked again', async () => asked() > before || undefined);
});

test('one that is out stays so while it is drained, and when it is not any more', async (t) => {
  const { health, lines, lookedAgain } = start(t, 5);
  health.follow(watched);
  const ejection = await eventually('the first backend to be out', async () => health.ejection('web', idOf(0)));
  for (const weight of [0, 1]) {
    health.follow(configOf('{ attempts: 1, within: 1s }', weight));
    await lookedAgain();
    t.like(health.ejection('web', idOf(0)), { untilMs: ejection.untilMs, ejections: 1 });
  }
  t.is(lines.length, 1);
});

test('when its time is over while it is drained, the log says that it is left out no more', async (t) => {
  const { health, lines } = start(t, 5);
  const brief = '{ attempts: 1, within: 1s, ejectFor: 3s }';
  health.follow(configOf(brief));
  await eventually('the first backend to be out', async () => health.ejection('web', idOf(0)));
  health.follow(configOf(brief, 0));
  await eventually('it to be out no more', async () => health.ejection('web', idOf(0)) === undefined || undefined);
  t.deepEqual(lines.slice(1), [
    'backend web1 of web is left out no more, but takes no connections by its configuration',
  ]);
});
