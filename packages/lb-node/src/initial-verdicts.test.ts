import { parseNodeConfig } from '@weir/control';
import type { Verdict } from '@weir/health';
import test from 'ava';
import { planProbes, probeId } from './health-probes.js';
import { type FormerVerdicts, initialVerdicts } from './initial-verdicts.js';

const [one, two, three] = ['{ address: 10.0.0.21 }', '{ address: 10.0.0.22 }', '{ address: 10.0.0.23 }'];

function configOf(backends: readonly (string | undefined)[], name = 'web', healthCheck = '{ kind: tcp }') {
  return parseNodeConfig(
    `node: { interfaces: [eth0] }
services: [ { name: ${name}, vip: 198.51.100.10, port: 80, method: nat, healthCheck: ${healthCheck}, backends: [ ${backends.join()} ] } ]`,
    'weir.yaml',
  );
}

type Config = ReturnType<typeof configOf>;
const plan = (config: Config) => planProbes(config, () => undefined);

/** That of a configuration whose backends had these verdicts, in their order. */
function formerOf(config: Config, verdicts: readonly Verdict[]): FormerVerdicts {
  const probes = plan(config);
  const byId = new Map(probes.map(({ id }, i) => [id, verdicts[i]]));
  const known = new Set(config.services.flatMap((service) => service.backends.map((own) => probeId(service, own))));
  return { known, probes, verdictOf: (id) => byId.get(id) };
}

const begins = test.macro((t, config: Config, former: FormerVerdicts | undefined, expected: readonly Verdict[]) => {
  t.deepEqual([...initialVerdicts(config, plan(config), former).values()], expected);
});

const before = formerOf(configOf([one, two]), ['up', 'down']);
test('at the start all are up', begins, configOf([one, two]), undefined, ['up', 'up']);
test('who is new beside others is down', begins, configOf([one, two, three]), before, ['up', 'down', 'down']);
test('where all are replaced they are up', begins, configOf([three]), before, ['up']);
test(
  'who has another port beside others is down',
  begins,
  configOf([one, '{ address: 10.0.0.22, port: 81 }']),
  before,
  ['up', 'down'],
);
test('where all have another port they are up', begins, configOf(['{ address: 10.0.0.21, port: 81 }']), before, ['up']);
test('a service with a new name has the verdicts of the old', begins, configOf([one, two, three], 'shop'), before, [
  'up',
  'down',
  'down',
]);
test('who is asked otherwise for another service is new', begins, configOf([two], 'shop', '{ kind: http }'), before, [
  'up',
]);
test('who served without a check is up', begins, configOf([one, two]), formerOf(configOf([one], 'web', 'off'), []), [
  'up',
  'down',
]);
test(
  'others that take no new flows are none to be new beside',
  begins,
  configOf(['{ address: 10.0.0.21, weight: 0 }', three]),
  before,
  ['up', 'up'],
);
