import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TraceService } from '@weir/admin-api';
import test, { type ExecutionContext } from 'ava';
import { printed, run, type Services } from '../test-support/asked-api.js';

/** A SYN from 203.0.113.7:40000 to 198.51.100.1:443. */
const syn = Buffer.from(
  '020000000002020000000001080045000028000040004006d493cb007107c6336401' + '9c4001bb000000000000000050020000abaa0000',
  'hex',
);
const packet = {
  timeNs: 1_767_323_045_123_456_789n,
  interface: 'eth0',
  verdict: 'dropped',
  dropReason: 'no_route',
  data: syn,
  originalLength: syn.byteLength,
};
const capturePackets = () => [{ event: { $case: 'packet', value: packet } }, { event: { $case: 'missed', value: 3n } }];
const services: Services = [[TraceService, { capturePackets }]];

async function newFile(t: ExecutionContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'weirctl-capture-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return join(directory, 'packets.pcapng');
}

test.serial(
  'tcpdump reads a capture, which has what became of the packet, and which others can not read',
  async (t) => {
    const file = await newFile(t);
    const { status, stderr } = await run(services, ['capture', '-w', file]);
    t.is(status, 0, stderr);
    t.is(stderr, '1 packets captured, 3 more were not kept\n');
    t.is(
      execFileSync('tcpdump', ['-r', file, '-nn', '-tt', '--nano'], { encoding: 'utf8', stdio: 'pipe' }),
      '1767323045.123456789 IP 203.0.113.7.40000 > 198.51.100.1.443: Flags [S], seq 0, win 0, length 0\n',
    );
    t.true((await readFile(file)).includes('dropped: no_route'));
    t.is((await stat(file)).mode & 0o777, 0o600);
  },
);

test.serial('a file that is there is overwritten only with --force', async (t) => {
  const file = await newFile(t);
  await writeFile(file, 'precious');
  const { status, stderr } = await run(services, ['capture', '-w', file]);
  t.is(status, 1);
  t.is(stderr, `weirctl: ${file} is there already; say --force to overwrite it, or name another file\n`);
  t.is(await readFile(file, 'utf8'), 'precious');
  await printed(t, services, ['capture', '-w', file, '--force']);
  t.true((await readFile(file)).includes('dropped: no_route'));
});
