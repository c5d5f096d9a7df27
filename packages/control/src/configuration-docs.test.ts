import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { nodeConfigJsonSchema } from './parse-node-config.js';
import {
  configurationDocument,
  type FieldSchema,
  fieldsWithoutMeaning,
} from './test-support/configuration-document.js';

const DOCUMENT = new URL('../../../docs/configuration.md', import.meta.url);
const schema = nodeConfigJsonSchema() as FieldSchema;

test('docs/configuration.md says what the schema of weir.yaml says', (t) => {
  const text = configurationDocument(schema);
  if (process.env.WEIR_UPDATE_DOCS === '1') writeFileSync(DOCUMENT, text);
  t.is(readFileSync(DOCUMENT, 'utf8'), text, 'run the tests with WEIR_UPDATE_DOCS=1');
});

test('every field of weir.yaml says what it means', (t) => {
  t.deepEqual(fieldsWithoutMeaning(schema), []);
});
