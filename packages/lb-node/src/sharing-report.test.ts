import test from 'ava';
import { formatSharing, type SharingReport } from './sharing-report.js';

const report: SharingReport = {
  store: {
    kind: 'redis',
    isAvailable: true,
    lastError: 'ECONNREFUSED',
    reconnections: 1,
    queued: 0,
    lagMs: 0,
    batches: 40,
    failedBatches: 1,
    told: 1200,
    refreshed: 30,
    ended: 4,
    found: 9,
    unknown: 0,
    unavailable: 0,
    foreign: 0,
    takenOver: 8,
    yielded: 2,
    malformed: 0,
    dropped: { refresh: 7, end: 0, tell: 0, yield: 0 },
  },
  dataplane: { told: 1234, ended: 4, missed: 20, overRate: 3, lost: 0, adopted: 9 },
  takeover: {
    lookups: 12,
    found: 9,
    unknown: 3,
    unavailable: 0,
    otherService: 0,
    takenOver: 8,
    settled: { adopted: 9, known: 5, no_backend: 0, no_room: 0, unknown: 6 },
    dropped: 0,
  },
};

test('what was shared stands below the services, without what did not happen', (t) => {
  t.is(
    formatSharing(report),
    `
Store of flows: redis, available
Shared flows                                                                                Flows
  told                                                                                       1200
  refreshed                                                                                    30
  ended                                                                                         4
  dropped, the store was slow: refresh                                                          7
  found                                                                                         9
  unknown                                                                                       3
  adopted                                                                                       9
  taken over from other nodes                                                                   8
  taken over by other nodes                                                                     2
Packets of shared flows                                                                   Packets
  of unknown flows                                                                             20
  of unknown flows, over the rate                                                               3
`,
  );
});

test('a store that is gone says why', (t) => {
  const store = { ...report.store, isAvailable: false };
  t.regex(formatSharing({ ...report, store }), /^Store of flows: redis, gone: ECONNREFUSED$/m);
  t.regex(
    formatSharing({ ...report, store: { ...store, lastError: undefined } }),
    /^Store of flows: redis, gone: not connected yet$/m,
  );
});
