import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseNodeConfig } from '../parse-node-config.js';
import { DnsServer } from '../test-support/dns-server.js';
import type { DnsDiscoveryConfig } from './discovery-config.js';
import { DnsDiscovery } from './dns-discovery.js';
import { FileDiscovery } from './file-discovery.js';
import { Followed } from './followed.fixture.js';

const text = readFileSync(new URL('../../../../docs/discovery.md', import.meta.url), 'utf8');

/** The examples that begin with these words behind the backquotes. */
function examples(kind: string): readonly string[] {
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].flatMap(([, info, body]) =>
    info === kind ? [body as string] : [],
  );
}

const HEAD = 'node: { interfaces: [eth0], localAddresses: [10.0.0.12] }\n';
const configs = examples('yaml').map((services) => parseNodeConfig(HEAD + services, 'discovery.md'));

test('the services of docs/discovery.md are right', (t) => {
  t.deepEqual(
    configs.map(({ services }) => services[0]?.discovery?.map(({ kind }) => kind)),
    [['file'], ['dns'], ['dns']],
  );
});

test('the list of docs/discovery.md is one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-discovery-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'web.yaml');
  writeFileSync(file, examples('yaml title=web.yaml')[0] as string);
  t.deepEqual(await new Followed(t, new FileDiscovery(file)).backends(), ['10.3.0.21', '10.3.0.22']);
});

test('the records of docs/discovery.md are backends with the ports that it says', async (t) => {
  const options = (examples('ini')[0] as string).trim().split('\n');
  const server = await DnsServer.open(
    t,
    options.map((line) => `--${line}`),
  );
  const [source] = configs[1]?.services[0]?.discovery ?? [];
  const config = { ...(source as DnsDiscoveryConfig), resolvers: [server.endpoint] };
  t.deepEqual(await new Followed(t, new DnsDiscovery(config, ['A'])).backends(), ['10.3.0.21:8080', '10.3.0.22:8080']);
});
