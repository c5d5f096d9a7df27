import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

/** Where the table goes in the text around it. */
const PLACE = '<!-- values -->';

/**
 * README.md of the chart: the text with a table of all values, their defaults, and what values.yaml says of them in lines
 * that begin with `# --`.
 */
export function chartReadme(text: string, valuesYaml: string): string {
  const rows = rowsOf(parseDocument(valuesYaml).contents as YAMLMap, '');
  const table = ['| value | default | meaning |', '|---|---|---|', ...rows];
  return text.replace(PLACE, table.join('\n'));
}

function rowsOf(map: YAMLMap, path: string): readonly string[] {
  return map.items.flatMap((pair, i) => {
    const key = path + String((pair.key as { value: unknown }).value);
    const said = whatIsSaid(pair, i === 0 ? map.commentBefore : undefined);
    const hasParts = isMap(pair.value) && pair.value.items.length > 0;
    if (hasParts && said === undefined) return rowsOf(pair.value as YAMLMap, `${key}.`);
    return [`| \`${key}\` | \`${defaultText(pair)}\` | ${said ?? ''} |`];
  });
}

/** The comment before a key; before the first of a mapping, YAML says that it belongs to the mapping. */
function whatIsSaid({ key }: Pair, before: string | null | undefined): string | undefined {
  const comment = (isScalar(key) ? key.commentBefore : undefined) ?? before ?? '';
  const at = comment.indexOf(' -- ');
  if (at === -1) return undefined;
  return comment
    .slice(at + ' -- '.length)
    .replaceAll(/\n */g, ' ')
    .replaceAll('|', '\\|');
}

function defaultText({ value }: Pair): string {
  const plain = (value as { toJSON(): unknown }).toJSON();
  return typeof plain === 'string' && plain !== '' ? plain : JSON.stringify(plain);
}
