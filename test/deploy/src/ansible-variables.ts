import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ANSIBLE_DIRECTORY } from './ansible-control.js';

export const COLLECTION = join(ANSIBLE_DIRECTORY, 'collections/ansible_collections/weir/lb');

interface Option {
  readonly description: string;
  readonly type?: string;
  readonly required?: boolean;
  readonly default?: unknown;
  readonly choices?: readonly string[];
}

interface Specification {
  readonly argument_specs: {
    readonly main: { readonly description: string; readonly options: Readonly<Record<string, Option>> };
  };
}

/** The roles of the collection, by name. */
export function rolesOfCollection(): readonly string[] {
  return readdirSync(join(COLLECTION, 'roles')).sort();
}

/** README.md of a role, as its argument specification says it. */
export function readmeOf(role: string): string {
  const file = join(COLLECTION, 'roles', role, 'meta/argument_specs.yml');
  const { main } = (parse(readFileSync(file, 'utf8')) as Specification).argument_specs;
  const rows = Object.entries(main.options).map(
    ([name, option]) => `| \`${name}\` | ${defaultText(option)} | ${text(option)} |`,
  );
  const table = ['| variable | default | |', '|---|---|---|', ...rows].join('\n');
  return `# weir.lb.${role}\n\n${main.description}\n\n${table}\n`;
}

function defaultText({ required = false, default: value }: Option): string {
  if (required) return 'required';
  if (value === undefined) return '';
  return value === '' ? 'empty' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function text({ description, choices }: Option): string {
  return choices === undefined
    ? description
    : `${description} One of ${choices.map((one) => `\`${one}\``).join(', ')}.`;
}
