import { dropReasons } from '@weir/dataplane';
import test from 'ava';
import { formatCounters } from './print-counters.js';

test('counters are a table: services, their backends, and only the drops that happened', (t) => {
  const drops = Object.fromEntries(dropReasons.map((reason) => [reason, reason === 'fragment' ? 7 : 0])) as Record<
    (typeof dropReasons)[number],
    number
  >;
  const text = formatCounters({
    services: [
      {
        vip: '2001:db8::10',
        protocol: 'udp',
        port: 0,
        packets: 12,
        bytes: 3400,
        backends: [{ address: 'fd00::21', packets: 12, bytes: 3400 }],
      },
    ],
    drops,
  });
  t.is(
    text,
    `SERVICE                            BACKEND                             PACKETS              BYTES
[2001:db8::10]:all/udp                                                      12               3400
                                   fd00::21                                 12               3400

DROPPED                            REASON                              PACKETS
                                   fragment                                  7
`,
  );
});
