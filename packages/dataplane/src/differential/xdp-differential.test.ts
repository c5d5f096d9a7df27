import { randomInt } from 'node:crypto';
import test from 'ava';
import { dropReasons } from '../drop-reason.js';
import { enterPrivateNamespaces, ip, isRoot } from '../test-support/private-namespaces.js';
import { runDifferentially } from './differential-run.js';
import { makeLabNetwork } from './lab-network.js';
import { PortableUnderTest } from './portable-under-test.js';
import { XdpUnderTest } from './xdp-under-test.js';

/** More of them, or the very ones of a run that failed: WEIR_DIFFERENTIAL_PACKETS=1000000 WEIR_DIFFERENTIAL_SEED=7. */
const packets = Number(process.env.WEIR_DIFFERENTIAL_PACKETS ?? 50_000);
const seed = Number(process.env.WEIR_DIFFERENTIAL_SEED ?? randomInt(2 ** 31));

/** All but those that no packet can be made for here. */
const reasonsOfAll = dropReasons.filter((reason) => !['no_headroom', 'program_missing', 'table_full'].includes(reason));
const sharingOfAll = [
  ...['told', 'refreshed', 'ended', 'missed client', 'missed answer'],
  // no_room is seldom.
  ...['adopted', 'known', 'no_backend', 'unknown'],
];

const testAsRoot = isRoot ? test.serial : test.serial.skip;

testAsRoot(`the XDP program and the portable engine agree about ${packets} packets, seed ${seed}`, async (t) => {
  t.timeout(Math.max(240_000, packets * 20));
  enterPrivateNamespaces();
  await makeLabNetwork();
  const ifindexes = new Map<string, number>();
  const ifindexOf = (name: string) => {
    const known = ifindexes.get(name) ?? Number(ip(`-o link show ${name}`).split(':')[0]);
    ifindexes.set(name, known);
    return known;
  };
  await using xdp = await XdpUnderTest.open('/sys/fs/bpf/weir-differential', ifindexOf);
  const expected = [...reasonsOfAll, ...sharingOfAll];
  const report = await runDifferentially(new PortableUnderTest(ifindexOf), xdp, { packets, seed, expected });
  t.log(`${report.packets} packets in ${report.scenarios} scenarios`);
  if (report.failure !== undefined) return t.fail(report.failure);
  // A failure of the generators would look like agreement.
  t.deepEqual(
    expected.filter((what) => !report.dropReasons.has(what) && !report.sharing.has(what)),
    [],
  );
});
