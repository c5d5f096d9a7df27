import test from 'ava';
import { Decapsulation } from './decapsulation.js';
import { bytesOf, frameOf, inner4, inner6, outer4, outer6 } from './fixture/tunnel-frames.js';

const XDP_DROP = 1;
const XDP_PASS = 2;
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs need root\n');

let program: Decapsulation;
test.before(() => {
  if (!isRoot) return;
  program = new Decapsulation({
    vips: ['198.51.100.10', '2001:db8:100::10'],
    enabled: ['ipip'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: 19523,
    peers: [],
  });
});
test.after.always(() => program?.[Symbol.dispose]());

/** The DSCP of each header, as the upper bits of its traffic class: AF11 of the client, EF of the tunnel. */
const INNER_DSCP = 0x28;
const OUTER_DSCP = 0xb8;

/** RFC 6040, figure 4: rows are the inner ECN field, columns the outer; both Not-ECT, ECT(0), ECT(1), CE. */
const columns = ['00', '10', '01', '11'] as const;
const figure4 = {
  '00': ['00', '00', '00', 'drop'],
  '10': ['10', '10', '01', '11'],
  '01': ['01', '01', '01', '11'],
  '11': ['11', '11', '11', '11'],
} as const;

for (const [inner, row] of Object.entries(figure4)) {
  for (const [column, expected] of row.entries()) {
    const outer = columns[column] as string;
    testAsRoot(`inner ECN ${inner} in outer ECN ${outer} gives ${expected}, and the inner DSCP and TTL stay`, (t) => {
      const outerHeader = { trafficClass: trafficClass(OUTER_DSCP, outer), ttl: '01' };
      for (const [packet, protocol] of [
        [inner4, '04'],
        [inner6, '29'],
      ] as const) {
        for (const encapsulate of [outer4, outer6]) {
          const sent = packet({ trafficClass: trafficClass(INNER_DSCP, inner) });
          const before = program.counts().ecn_conflict;
          const run = program.testRun(bytesOf(encapsulate(protocol, sent, outerHeader)));
          if (expected === 'drop') {
            t.is(run.result, XDP_DROP);
            t.is(program.counts().ecn_conflict - before, 1);
          } else {
            t.is(run.result, XDP_PASS);
            t.is(
              Buffer.from(run.packet).toString('hex'),
              frameOf(packet({ trafficClass: trafficClass(INNER_DSCP, expected) })),
            );
          }
        }
      }
    });
  }
}

function trafficClass(dscp: number, ecn: string): string {
  return (dscp | Number.parseInt(ecn, 2)).toString(16).padStart(2, '0');
}
