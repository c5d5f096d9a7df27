import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';

const packageDirectory = fileURLToPath(new URL('..', import.meta.url));

test("the README's example lowers the TTL of a packet, keeps its checksum right and prints its 5-tuple", async (t) => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const script = `${example}\nconsole.log(Buffer.from(packet).toString('hex'));`;
  // In the package's own directory its name resolves to itself.
  const run = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: packageDirectory });
  t.is(
    (await run).stdout,
    `{
  protocol: 17,
  source: '192.0.2.10',
  destination: '198.51.100.10',
  sourcePort: 1234,
  destinationPort: 53
}
4500001c000040003f114f89c000020ac633640a04d2003500080e8f
`,
  );
});
