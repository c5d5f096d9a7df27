import test from 'ava';
import { parseAgentOptions, type RawOptions } from './agent-options.js';

const raw: RawOptions = {
  interface: 'eth0',
  vip: ['198.51.100.10', '2001:DB8:100::10'],
  decap: 'ipip,gue',
  guePort: '6080',
  fouPort: '5555',
  secondChancePort: '19523',
  peer: [],
  toa: false,
  toaFrom: [],
  mode: 'auto',
  pinDirectory: '/sys/fs/bpf/weir-real-server',
  keep: false,
  logLevel: 'info',
  logFormat: 'json',
};

test('a command line becomes checked values', (t) => {
  t.like(parseAgentOptions(raw), {
    vips: ['198.51.100.10', '2001:db8:100::10'],
    enabled: ['ipip', 'gue'],
    guePort: 6080,
    fouPort: 5555,
  });
});

test('none stands for no encapsulation at all', (t) => {
  t.deepEqual(parseAgentOptions({ ...raw, decap: 'none' }).enabled, []);
});

test('peers of lists of hops become networks', (t) => {
  const options = parseAgentOptions({ ...raw, decap: 'second_chance', peer: ['10.0.0.0/8', 'fd00::1'] });
  t.deepEqual([options.secondChancePort, options.peers.map(({ bits }) => bits)], [19523, [104, 128]]);
});

test('a backend of nat and fullnat alone has no VIP, and nothing to decapsulate for one', (t) => {
  const { vips, enabled, toa } = parseAgentOptions({ ...raw, vip: [], toa: true, toaFrom: ['10.0.0.0/8'] });
  t.deepEqual([vips, enabled], [[], []]);
  t.is(toa?.from[0]?.bits, 104);
});

const wrong: readonly (readonly [string, Partial<RawOptions>, string])[] = [
  ['a VIP that is no address', { vip: ['198.51.100'] }, '--vip: "198.51.100" is not an IP address'],
  ['the same VIP twice', { vip: ['::1', '0::1'] }, '--vip: "::1" is given twice'],
  [
    'an encapsulation that is not there',
    { decap: 'ipip,vxlan' },
    '--decap: "vxlan" is not one of ipip, gre, gue, fou, second_chance',
  ],
  ['a port out of range', { guePort: '70000' }, '--gue-port: "70000" is not a port from 1 to 65535'],
  ['a FOU port that is no number', { fouPort: 'fou' }, '--fou-port: "fou" is not a port from 1 to 65535'],
  [
    'lists of hops from anybody',
    { decap: 'second_chance' },
    '--decap second_chance: expected --peer NETWORK too, with the nodes and the fellow backends: who else sends a list of hops could make this host send packets to anybody',
  ],
  [
    'a peer that is no network',
    { decap: 'second_chance', peer: ['10.0.0.0/33'] },
    '--peer: "10.0.0.0/33" is not a network such as 10.0.0.0/8',
  ],
  ['peers for nothing', { peer: ['10.0.0.0/8'] }, '--peer: "10.0.0.0/8" means nothing without --decap second_chance'],
  [
    'a port for gue with and without hops',
    { decap: 'gue,second_chance', peer: ['10.0.0.0/8'], secondChancePort: '6080' },
    '--second-chance-port: "6080" is --gue-port too; give each a port of its own',
  ],
  ['none beside an encapsulation', { decap: 'none,ipip' }, '--decap: "none,ipip" names encapsulations beside none'],
  [
    'one port for gue and fou',
    { decap: 'gue,fou', fouPort: '6080' },
    '--fou-port: "6080" is --gue-port too; give each a port of its own',
  ],
  [
    'a network that is none',
    { toa: true, toaFrom: ['10/8'] },
    '--toa-from: "10/8" is not a network such as 10.0.0.0/8',
  ],
  [
    'TOA of anybody',
    { toa: true },
    "--toa: expected --toa-from NETWORK too, with the nodes' local addresses: who else sends the option may claim to be anybody",
  ],
  ['a network without TOA', { toaFrom: ['10.0.0.0/8'] }, '--toa-from: "10.0.0.0/8" means nothing without --toa'],
  ['a cgroup without TOA', { cgroup: '/c' }, '--cgroup: "/c" means nothing without --toa'],
  [
    'no VIP',
    { vip: [] },
    '--vip: expected at least one virtual IP address; only with --toa, for nat and fullnat alone, none is fine',
  ],
  ['a mode that is not there', { mode: 'fast' }, '--mode: "fast" is not one of auto, native, generic'],
  ['a relative directory', { pinDirectory: 'weir' }, '--pin-directory: "weir" is not an absolute path'],
  [
    'a log level that is not there',
    { logLevel: 'loud' },
    '--log-level: "loud" is not one of trace, debug, info, warn, error, fatal',
  ],
];
for (const [title, change, message] of wrong) {
  test(`${title} is answered with the flag and the value`, (t) => {
    t.throws(() => parseAgentOptions({ ...raw, ...change }), { code: 'ARGUMENT_INVALID', message });
  });
}
