import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { testAsRoot } from '../test-as-root.js';
import { commandsOf, isComplete, unclassified } from './commands.js';
import { DocumentedCluster } from './documented-cluster.js';
import { type Fence, fencesOf, pages } from './fences.js';
import { rolloutBlocks, runElsewhere } from './run-elsewhere.js';

/** Words that commands of pages begin with; a block that has them says that it is one of commands. */
const COMMAND =
  /^\s*(?:\$ )?(?:weirctl|lb-node|real-server|etcdctl|redis-cli|npm|npx|systemctl|apt-get|journalctl|ansible-\w+|helm|kubectl|ip (?:link|route|address|rule|neigh)|curl) (?!─)/m;
/** Commands that only look are run once, however many pages have them. */
const looksOnly =
  /^(?:weirctl (?:status|backends|bgp|nodes|trace|services|config)|lb-node (?:counters|--check)|ip link show|real-server counters)/;
/** With room for a machine that does other things, too. */
const PAGE_TIMEOUT_MS = 300_000;
const root = new URL('../../../../', import.meta.url);
const fences = pages().flatMap(fencesOf);
const scripts = fences.filter(({ language }) => language === 'sh' || language === 'console');
const here = scripts.filter((fence) => !isRunElsewhere(fence));

function isRunElsewhere({ page, language, attributes, text }: Fence): boolean {
  if (Object.keys(attributes).length > 0) return false;
  if (page === rolloutBlocks.page && language === 'sh' && text.startsWith(rolloutBlocks.begin)) return true;
  return runElsewhere[`${page} ${language}`] !== undefined;
}

function placeOf({ page, line }: Fence): string {
  return `${page}:${line}`;
}

test('a block that has commands says so: sh or console', (t) => {
  const unsaid = fences.filter(
    ({ language, attributes, text }) =>
      (language === '' || language === 'text') && attributes['not-run'] === undefined && COMMAND.test(text),
  );
  t.deepEqual(unsaid.map(placeOf), []);
});

test('every command of the documentation is one that bash understands', (t) => {
  t.true(scripts.length > 50);
  for (const command of scripts.flatMap(commandsOf))
    t.true(isComplete(command.text), `${placeOf(command.fence)}: ${command.text}`);
});

test('tests that run blocks of a page elsewhere are there, and name the page', (t) => {
  for (const [block, file] of [...Object.entries(runElsewhere), [rolloutBlocks.page, rolloutBlocks.test] as const]) {
    t.true(existsSync(new URL(file, root)), file);
    const [page = ''] = block.split(' ');
    t.true(readFileSync(new URL(file, root), 'utf8').includes(page.replace('docs/', '')), `${file}: ${page}`);
  }
});

test('every command is run, or there is a word on why not', (t) => {
  const open = here.flatMap(commandsOf).filter(({ notRun }) => notRun === undefined);
  t.deepEqual(
    open.flatMap(({ fence, text }) => unclassified(text).map((program) => `${placeOf(fence)}: ${program}`)),
    [],
  );
});

let cluster: DocumentedCluster;
test.before(async () => {
  if (process.getuid?.() === 0) cluster = await DocumentedCluster.start();
});
test.after.always(async () => cluster?.[Symbol.asyncDispose]());

/** Commands that have been run, with their host. */
const seen = new Set<string>();
for (const page of new Set(here.map(({ page }) => page))) {
  testAsRoot(`the commands of ${page} do what they are there for`, async (t) => {
    t.timeout(PAGE_TIMEOUT_MS);
    const failed: string[] = [];
    for (const fence of here.filter((one) => one.page === page)) {
      const host = fence.attributes.on ?? 'lb1';
      for (const { text, notRun } of commandsOf(fence)) {
        const key = `${host}: ${withoutRemark(text)}`;
        // What nobody has thought about may be anything, and runs in the mounts of this machine.
        if (notRun !== undefined || unclassified(text).length > 0 || (looksOnly.test(text) && seen.has(key))) continue;
        seen.add(key);
        const { code, stdout, stderr } = await cluster.run(host, text);
        if (code !== 0) failed.push(`${placeOf(fence)}: ${text}\nended with ${code}: ${stdout}${stderr}`);
      }
    }
    t.deepEqual(failed, []);
  });
}

function withoutRemark(command: string): string {
  return command.replace(/\s+#.*$/, '');
}
