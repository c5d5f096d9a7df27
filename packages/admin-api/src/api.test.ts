import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { fileDescriptors } from './descriptors.js';
import { apiDocument } from './test-support/api-document.js';
import { buf } from './test-support/buf.js';

const DOCUMENT = new URL('../../../docs/api.md', import.meta.url);
const FIRST = fileURLToPath(new URL('../proto.image.binpb', import.meta.url));

test('docs/api.md says what the comments of the .proto files say', (t) => {
  const text = apiDocument(buf('build', 'proto', '--as-file-descriptor-set', '-o', '-'));
  if (process.env.WEIR_UPDATE_DOCS === '1') writeFileSync(DOCUMENT, text);
  t.is(readFileSync(DOCUMENT, 'utf8'), text, 'run the tests with WEIR_UPDATE_DOCS=1');
});

test('the .proto files keep the rules of buf lint', (t) => {
  t.notThrows(() => buf('lint', 'proto'));
});

test('a client of the first version understands the API as it is now', (t) => {
  t.notThrows(() => buf('breaking', 'proto', '--against', FIRST));
});

test('what reflection tells is all of the API, each file after those that it imports', (t) => {
  const names = fileDescriptors().map(
    (bytes) =>
      Buffer.from(bytes)
        .toString('latin1')
        .match(/[a-z/_0-9]+\.proto/)?.[0],
  );

  t.deepEqual(
    names.filter((name) => name?.startsWith('weir/')).sort(),
    ['backends', 'bgp', 'director', 'flows', 'nodes', 'rollouts', 'server', 'services', 'stats', 'trace'].map(
      (name) => `weir/admin/v1/${name}.proto`,
    ),
  );
  t.true(names.indexOf('weir/admin/v1/services.proto') < names.indexOf('weir/admin/v1/backends.proto'));
});
