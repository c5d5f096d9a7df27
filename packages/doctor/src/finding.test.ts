import test from 'ava';
import { type Finding, type Verdict, worstVerdict } from './finding.js';

function finding(verdict: Verdict): Finding {
  if (verdict === 'ok' || verdict === 'skipped') return { verdict, found: '' };
  return { verdict, found: '', wanted: '', cure: '' };
}

const cases: readonly (readonly [readonly Verdict[], Verdict])[] = [
  [[], 'skipped'],
  [['skipped', 'skipped'], 'skipped'],
  [['skipped', 'ok'], 'ok'],
  [['ok', 'warning', 'skipped'], 'warning'],
  [['fault', 'ok', 'warning'], 'fault'],
];
for (const [found, worst] of cases) {
  test(`a check with ${found.join(', ') || 'no findings'} is ${worst}`, (t) => {
    t.is(worstVerdict(found.map(finding)), worst);
  });
}
