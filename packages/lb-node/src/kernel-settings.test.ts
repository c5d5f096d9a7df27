import { execFileSync } from 'node:child_process';
import test from 'ava';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: namespaces need root\n');

test.before(() => {
  if (isRoot) enterPrivateNetwork();
});

type Setting = 'enableForwarding' | 'loosenReversePath' | 'enableNeighbourProxy';

/**
 * Calls it in a process of its own, which is in the private network as a whole: here, files are read by threads of a pool
 * that may be older than the private network, and would reach the settings of the machine.
 */
function change(setting: Setting, interfaceName: string): readonly string[] {
  const script = `import { ${setting} } from '${new URL('kernel-settings.js', import.meta.url).href}';
    console.log(JSON.stringify(await ${setting}('${interfaceName}')));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
}
const forwarding = (family: 'ipv4' | 'ipv6') => sh(`sysctl -n net.${family}.conf.eth0.forwarding`).trim();
testAsRoot('forwarding is turned on in both families, and only what was off is told', (t) => {
  sh('sysctl -q net.ipv4.conf.eth0.forwarding=1 net.ipv6.conf.eth0.forwarding=0');
  t.deepEqual(change('enableForwarding', 'eth0'), ['net.ipv6.conf.eth0.forwarding']);
  t.deepEqual(change('enableForwarding', 'eth0'), []);
  t.deepEqual([forwarding('ipv4'), forwarding('ipv6')], ['1', '1']);
});

testAsRoot('an interface that does not exist is left for attaching to complain of', (t) => {
  t.deepEqual(change('enableForwarding', 'eth7'), []);
});

testAsRoot('an interface whose name has a dot is meant as a whole', (t) => {
  sh('ip link add link eth0 name eth0.7 type macvlan');
  t.teardown(() => sh('ip link del eth0.7'));
  sh('sysctl -q net.ipv4.conf.eth0/7.forwarding=0 net.ipv6.conf.eth0/7.forwarding=1');
  t.deepEqual(change('enableForwarding', 'eth0.7'), ['net.ipv4.conf.eth0.7.forwarding']);
});

for (const [all, own, changed, after] of [
  [0, 1, true, '2'],
  [1, 0, true, '2'],
  [0, 0, false, '0'],
  [2, 1, false, '1'],
] as const) {
  const title = `a check of the way back that is ${all} for all and ${own} for the interface is ${changed ? 'loosened' : 'left alone'}`;
  testAsRoot(title, (t) => {
    sh(`sysctl -q net.ipv4.conf.all.rp_filter=${all} net.ipv4.conf.eth0.rp_filter=${own}`);
    t.deepEqual(change('loosenReversePath', 'eth0'), changed ? ['net.ipv4.conf.eth0.rp_filter'] : []);
    t.is(sh('sysctl -n net.ipv4.conf.eth0.rp_filter').trim(), after);
  });
}
