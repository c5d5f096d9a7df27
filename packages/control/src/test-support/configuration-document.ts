/** What of JSON Schema (draft 2020-12) zod writes for weir.yaml. */
export interface FieldSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: FieldSchema;
  readonly anyOf?: readonly FieldSchema[];
  readonly allOf?: readonly FieldSchema[];
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly propertyNames?: FieldSchema;
  readonly additionalProperties?: boolean | FieldSchema;
  readonly required?: readonly string[];
}

/** A field as readers of the page find it. */
interface Field {
  readonly path: string;
  readonly schema: FieldSchema;
  readonly isRequired: boolean;
}

const HEAD = `# weir.yaml

Every field of \`weir.yaml\`, with its type, its default and its meaning. This page is made from the schema that the file is checked with:
\`WEIR_UPDATE_DOCS=1 npm test\` in packages/control writes it. The same as one commented file is
[weir.reference.yaml](../packages/control/weir.reference.yaml); editors check and complete with
[weir.schema.json](../packages/control/schema/weir.schema.json).

\`lb-node --check --config FILE\` says whether a file is right, and else every problem with field, value, what would be right, and the line. A
key that is not on this page is a problem too. \`services[]\` is each entry of the list \`services\`.

A **duration** is a number with its unit: \`500ms\`, \`3s\`, \`2m\`, \`1h\`. Sizes are in bytes, rates are per second, times of day are UTC. \`\${env:NAME}\` in a
value stands for a variable of the environment.

Which fields change while the node runs, and which take a restart: the page of each part says so, and a change that takes one is refused with
its name.
`;

/**
 * docs/configuration.md: a section of each part of weir.yaml, and in it a table of each mapping.
 * @param schema  JSON Schema of weir.yaml
 */
export function configurationDocument(schema: FieldSchema): string {
  const parts = Object.entries(schema.properties ?? {}).map(([name, part]) => partSection(name, part, schema));
  return `${[HEAD.trimEnd(), ...parts].join('\n\n')}\n`;
}

/** Paths of fields that say nothing of themselves. */
export function fieldsWithoutMeaning(schema: FieldSchema, path = ''): readonly string[] {
  return fieldsOf(schema, path).flatMap(({ path: at, schema: field }) => [
    ...(field.description === undefined ? [at] : []),
    ...mappingsOf(field, at).flatMap((mapping) => fieldsWithoutMeaning(mapping.schema, mapping.path)),
  ]);
}

function partSection(name: string, part: FieldSchema, whole: FieldSchema): string {
  const mappings = mappingsOf(part, name);
  const head = [`## ${name}`, ...(part.description === undefined ? [] : [part.description])];
  if (mappings.length > 0)
    return [...head, ...mappings.flatMap((mapping) => mappingSections(mapping, name))].join('\n\n');
  const isRequired = whole.required?.includes(name) ?? false;
  return [...head, table([{ path: name, schema: part, isRequired }])].join('\n\n');
}

interface Mapping {
  readonly path: string;
  readonly schema: FieldSchema;
}

/** The table of a mapping, and those of the mappings inside it. */
function mappingSections({ path, schema }: Mapping, part: string): readonly string[] {
  const fields = fieldsOf(schema, path);
  const heading = path === part || path === `${part}[]` ? [] : [`### ${path}`];
  const inner = fields.flatMap((field) => mappingsOf(field.schema, field.path));
  return [...heading, table(fields), ...inner.flatMap((mapping) => mappingSections(mapping, part))];
}

function fieldsOf(schema: FieldSchema, path: string): readonly Field[] {
  return Object.entries(schema.properties ?? {}).map(([name, field]) => ({
    path: path === '' ? name : `${path}.${name}`,
    schema: field,
    isRequired: field.default === undefined && (schema.required?.includes(name) ?? false),
  }));
}

/** The mappings that a value may be, or that a list has as entries. */
function mappingsOf(schema: FieldSchema, path: string): readonly Mapping[] {
  if (schema.properties !== undefined) return [{ path, schema }];
  if (schema.items !== undefined) return mappingsOf(schema.items, `${path}[]`);
  return (schema.anyOf ?? schema.allOf ?? []).flatMap((alternative) => mappingsOf(alternative, path));
}

function table(fields: readonly Field[]): string {
  const rows = fields.map(({ path, schema, isRequired }) => {
    const cells = [
      `\`${path.slice(path.lastIndexOf('.') + 1)}\``,
      typeText(schema),
      defaultText(schema, isRequired),
      schema.description ?? '',
    ];
    return `| ${cells.map(cell).join(' | ')} |`;
  });
  return ['| field | type | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').replaceAll('<', '&lt;');
}

function defaultText({ default: value }: FieldSchema, isRequired: boolean): string {
  if (isRequired) return '**required**';
  if (value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0))
    return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function typeText(schema: FieldSchema): string {
  const alternatives = schema.anyOf ?? schema.allOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeText))].join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.items !== undefined) return `list of ${pluralOf(typeText(schema.items))}`;
  if (schema.type === 'integer' || schema.type === 'number') return numberText(schema);
  if (schema.type === 'boolean') return '`true` or `false`';
  if (schema.type === 'object') return mappingText(schema);
  return stringText(schema);
}

function mappingText({ properties, propertyNames, additionalProperties }: FieldSchema): string {
  if (properties !== undefined) return 'mapping';
  const values = typeof additionalProperties === 'object' ? typeText(additionalProperties) : 'value';
  return `mapping of ${propertyNames === undefined ? 'text' : typeText(propertyNames)} to ${values}`;
}

function numberText({ minimum, maximum }: FieldSchema): string {
  if (minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) {
    return `${minimum.toLocaleString('en')} to ${maximum.toLocaleString('en')}`;
  }
  return minimum === undefined ? 'number' : `number from ${minimum.toLocaleString('en')}`;
}

function stringText({ format, pattern }: FieldSchema): string {
  if (format === 'ipv4') return 'IPv4 address';
  if (format === 'ipv6') return 'IPv6 address';
  if (pattern?.includes('(ms|s|m|h)')) return 'duration';
  if (pattern === '^\\/') return 'absolute path';
  return 'text';
}

function pluralOf(type: string): string {
  if (type === 'mapping') return 'mappings';
  if (type === 'text') return 'texts';
  return type;
}
