import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseNodeConfig } from '../parse-node-config.js';
import { DiscoveryRunner } from './discovery-runner.js';

const TIMEOUT_MS = 2000;

/** In a file of its own: the whole process stands still. */
test('a process that stood still reads the answers that are there before it goes on without them', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-runner-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'web.yaml');
  writeFileSync(file, '[ { address: 10.0.0.22 } ]');
  await using runner = new DiscoveryRunner({ onChange() {}, onTrouble: ({ message }) => t.fail(message) });
  const text = `node: { interfaces: [eth0], address: 10.0.0.11 }
services: [ { name: web, vip: 198.51.100.10, port: 80, discovery: [ { file: ${file} } ] } ]`;
  runner.set(parseNodeConfig(text, 'weir.yaml'));
  const settled = runner.settled(TIMEOUT_MS, new AbortController().signal);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TIMEOUT_MS + 100);
  await settled;
  t.deepEqual(
    runner
      .found()
      .get('web')
      ?.map(({ address }) => address),
    ['10.0.0.22'],
  );
});
