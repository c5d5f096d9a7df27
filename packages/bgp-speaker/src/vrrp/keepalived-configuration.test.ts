import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test from 'ava';
import { keepalivedConfiguration } from './keepalived-configuration.js';
import type { VrrpSettings } from './vrrp-options.js';

const peers = [
  { name: 'node1', address: '10.0.0.11', address6: 'fd00:10::11' },
  { name: 'node2', address: '10.0.0.12', address6: 'fd00:10::12' },
  { name: 'node3', address: '10.0.0.13', address6: 'fd00:10::13' },
];

const usual: VrrpSettings = {
  ownName: 'node1',
  peers,
  interface: 'eth0',
  routerIds: {},
  advertIntervalMs: 1000,
  preempt: true,
  preemptDelayMs: 0,
  transport: 'multicast',
  gratuitousArp: { repeat: 5, againMs: 5000, refreshMs: 0 },
};

const ipv4 = '198.51.100.10';
const ipv6 = '2001:db8:5::10';

/** One golden file per situation, named after it. WEIR_UPDATE_GOLDEN=1 writes them anew. */
const situations: Readonly<Record<string, readonly [readonly string[], VrrpSettings]>> = {
  'both-families': [[ipv4, ipv6], usual],
  'no-preemption': [[ipv4], { ...usual, preempt: false }],
  'preemption-after-a-delay': [[ipv4], { ...usual, preemptDelayMs: 90_000 }],
  'unicast-of-both-families': [[ipv4, ipv6], { ...usual, transport: 'unicast' }],
  'unicast-of-a-single-node': [[ipv4], { ...usual, transport: 'unicast', peers: peers.slice(0, 1) }],
  'router-ids-given': [[ipv4, '198.51.100.11'], { ...usual, routerIds: { '198.51.100.11': 51 } }],
  'every-timer': [
    [ipv4],
    { ...usual, advertIntervalMs: 250, gratuitousArp: { repeat: 2, againMs: 10_000, refreshMs: 60_000 } },
  ],
};

for (const [name, [vips, settings]] of Object.entries(situations)) {
  test(`the configuration of ${name} is the golden one`, (t) => {
    const golden = new URL(`../../golden/keepalived-${name}.conf`, import.meta.url);
    const found = keepalivedConfiguration(vips, settings, '/run/weir/keepalived');
    if (process.env.WEIR_UPDATE_GOLDEN) writeFileSync(golden, found);
    t.is(found, readFileSync(golden, 'utf8'));
  });

  test(`keepalived finds nothing to object to in the configuration of ${name}`, async (t) => {
    if (process.getuid?.() !== 0) {
      t.log('skipped: needs root, for a network namespace with an interface that keepalived can look at');
      t.pass();
      return;
    }
    const directory = mkdtempSync(join(tmpdir(), 'weir-keepalived-'));
    t.teardown(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'keepalived.conf');
    const report = join(directory, 'report');
    writeFileSync(file, keepalivedConfiguration(vips, settings, directory));
    const script = `ip link add eth0 type veth peer name far && keepalived --config-test="$1" --vrrp --use-file "$2"; test -e "$1"`;
    await promisify(execFile)('unshare', ['--net', 'sh', '-c', script, 'sh', report, file]);
    t.deepEqual(readFileSync(report, 'utf8').split('\n').filter(isObjection), []);
  });
}

/** RFC 5798, section 5.2.9, wants a link-local address first; hosts that route by it need that, and keepalived goes on without. */
function isObjection(line: string): boolean {
  return line.trim() !== '' && !line.includes('should be link local');
}
