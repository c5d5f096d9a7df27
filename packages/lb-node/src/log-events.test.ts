import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const packages = fileURLToPath(new URL('../../', import.meta.url));
const documentation = readFileSync(join(packages, '../docs/logs.md'), 'utf8');
/** Those that log, or whose lines a daemon logs. */
const loggingPackages = ['lb-node', 'real-server', 'control', 'bgp-speaker', 'state-sync'];
/** Where the event is not in the call itself, but in fields that all calls of the file share. */
const sharedFields = [
  'lb-node/src/admin/audit-log.ts',
  'lb-node/src/admin/call-handler.ts',
  'control/src/rollout/rollout-log.ts',
];

interface LogCall {
  readonly file: string;
  readonly level: string;
  readonly text: string;
}

const sources = loggingPackages.flatMap((name) =>
  readdirSync(join(packages, name, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|\.fixture\.ts$|test-support/.test(file))
    .map((file) => ({ file: `${name}/src/${file}`, text: readFileSync(join(packages, name, 'src', file), 'utf8') })),
);
const calls = sources.flatMap(({ file, text }) => logCalls(file, text));

/** Calls of a logger at info and above; the words of state-sync and of the watch of BGP sessions among them. */
function logCalls(file: string, text: string): readonly LogCall[] {
  const starts = text.matchAll(/\b(?:logger|log)\??\.(info|warn|error|fatal)\(|\blog\('(info|warn)'|\.#say\(session/g);
  return [...starts].flatMap((match) => {
    const call = text.slice(match.index, endOfCall(text, match.index));
    // What all that is said of a session goes through.
    if (call.includes('...details }, `BGP session with ')) return [];
    return { file, level: match[1] ?? match[2] ?? 'warn', text: call };
  });
}

function endOfCall(text: string, from: number): number {
  let depth = 0;
  for (let at = text.indexOf('(', from); at < text.length; at++) {
    if (text[at] === '(') depth++;
    if (text[at] === ')' && --depth === 0) return at + 1;
  }
  return text.length;
}

function eventOf(call: string): string | undefined {
  return /\bevent: '([^']+)'/.exec(call)?.[1];
}

/** Event to levels, as docs/logs.md has them. */
const documented = new Map(
  [...documentation.matchAll(/^\| `([\w.-]+)` \| ([a-z, ]+) \|/gm)].map(([, event = '', levels = '']) => [
    event,
    levels.split(', '),
  ]),
);

test('each line at info and above has an event', (t) => {
  t.true(calls.length > 80);
  const without = calls.filter(({ file, text }) => eventOf(text) === undefined && !sharedFields.includes(file));
  t.deepEqual(without, []);
});

test('docs/logs.md has each event of the code at its level, and no other', (t) => {
  const words = sources.map(({ text }) => text).join('\n');
  const inCode = new Set([
    ...[...words.matchAll(/\bevent: '([^']+)'/g)].map(([, event]) => event as string),
    ...[...words.matchAll(/'(rollout\.[a-z-]+)'/g)].map(([, event]) => event as string),
  ]);
  // Made of the state of a rollout.
  const isOfState = (event: string) => event.startsWith('rollout.');
  t.deepEqual([...inCode].filter((event) => !documented.has(event)).sort(), []);
  t.deepEqual([...documented.keys()].filter((event) => !inCode.has(event) && !isOfState(event)).sort(), []);
  for (const { file, level, text } of calls) {
    const event = eventOf(text);
    if (event !== undefined) t.true(documented.get(event)?.includes(level), `${event} at ${level} in ${file}`);
  }
});

test('each event is named in one place of docs/logs.md', (t) => {
  const named = [...documentation.matchAll(/^\| `([\w.-]+)` \|/gm)].map(([, event]) => event);
  t.deepEqual(
    named.filter((event, at) => named.indexOf(event) !== at),
    [],
  );
});
