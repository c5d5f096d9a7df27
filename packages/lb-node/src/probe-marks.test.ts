import { PROBE_MARKS } from '@weir/dataplane';
import test from 'ava';
import type { ProbeWay } from './health-probes.js';
import { ProbeMarks } from './probe-marks.js';

const wayTo = (backend: string): ProbeWay => ({ vip: '198.51.100.10', backend, forwarding: { method: 'ipip' } });
const [one, two, three] = ['10.0.0.21', '10.0.0.22', '10.0.0.23'].map(wayTo) as [ProbeWay, ProbeWay, ProbeWay];

test('each way has a mark of its own, and keeps it when others come and go', (t) => {
  const marks = new ProbeMarks();
  marks.set([one, two]);
  const ofTwo = marks.markOf(two);
  t.deepEqual([marks.markOf(one), ofTwo], [PROBE_MARKS.base, PROBE_MARKS.base + 1]);
  marks.set([two]);
  t.is(marks.markOf(one), undefined);
  t.deepEqual(marks.set([two, three]), [
    { ...two, mark: ofTwo },
    { ...three, mark: PROBE_MARKS.base },
  ]);
});
