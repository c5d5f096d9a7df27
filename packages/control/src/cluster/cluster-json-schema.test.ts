import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { clusterJsonSchemas } from './cluster-json-schema.js';

const directory = fileURLToPath(new URL('../../schemas', import.meta.url));

test('the JSON Schemas of keys that are shipped are those of the code', async (t) => {
  const schemas = clusterJsonSchemas();
  if (process.env.WEIR_UPDATE_SCHEMA === '1') {
    await mkdir(directory, { recursive: true });
    for (const [file, schema] of schemas) await writeFile(join(directory, file), textOf(schema));
  }
  t.deepEqual((await readdir(directory)).sort(), [...schemas.keys()].sort());
  for (const [file, schema] of schemas) {
    t.is(await readFile(join(directory, file), 'utf8'), textOf(schema), 'run the tests with WEIR_UPDATE_SCHEMA=1');
  }
});

function textOf(schema: object): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
