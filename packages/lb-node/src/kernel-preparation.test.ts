import type { NodeConfig } from '@weir/control';
import test from 'ava';
import { KernelPreparation } from './kernel-preparation.js';
import { enterPrivateNetwork, isRoot, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: settings of the kernel need root\n');
test.before(() => {
  if (isRoot) enterPrivateNetwork();
});

/** Without interfaces: their settings are files, which are read by threads that may not be in the private network. */
const configOf = (localAddresses: readonly string[]) =>
  ({ node: { name: 'lb1', interfaces: [], localAddresses }, services: [] }) as unknown as NodeConfig;
const holds = (address: string) => sh('ip route show table local type local').includes(`local ${address} dev lo`);

testAsRoot('a new configuration is prepared before the tables, and the same one after them', async (t) => {
  const kernel = new KernelPreparation();
  await kernel.before(configOf(['10.0.0.111']));
  t.true(holds('10.0.0.111'));
  sh('ip route del local 10.0.0.111 dev lo table local');
  await kernel.before(configOf(['10.0.0.111']));
  t.false(holds('10.0.0.111'), 'the tables do not wait for it');
  await kernel.after(configOf(['10.0.0.111']));
  t.true(holds('10.0.0.111'));
  await kernel.before(configOf(['10.0.0.112']));
  t.deepEqual([holds('10.0.0.111'), holds('10.0.0.112')], [false, true]);
});

testAsRoot('what could not be prepared is prepared before the tables of the next pass', async (t) => {
  const kernel = new KernelPreparation();
  const good = configOf(['10.0.0.113']);
  await kernel.before(good);
  await t.throwsAsync(kernel.before(configOf(['10.0.0.300'])));
  await kernel.before(good);
  t.true(holds('10.0.0.113'));
});
