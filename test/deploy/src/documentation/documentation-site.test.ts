import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { pages } from './fences.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const BUILD_TIMEOUT_MS = 300_000;

test('the sidebar leads to every page, and nowhere else', (t) => {
  const sidebar = readFileSync(join(root, 'docs/.vitepress/sidebar.mts'), 'utf8');
  const links = [...sidebar.matchAll(/link: '\/([\w-]*)'/g)].map(([, name]) => `docs/${name || 'index'}.md`);
  t.deepEqual(
    [...links].sort(),
    pages()
      .filter((page) => page !== 'README.md')
      .sort(),
  );
  t.is(new Set(links).size, links.length);
});

test('the site is built: no link leads nowhere, and its pages can be searched', (t) => {
  t.timeout(BUILD_TIMEOUT_MS);
  const directory = mkdtempSync(join(tmpdir(), 'weir-site-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const { status, stdout, stderr } = spawnSync('npx', ['vitepress', 'build', 'docs', '--outDir', directory], {
    cwd: root,
    encoding: 'utf8',
  });
  t.is(status, 0, stdout + stderr);
  const built = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  for (const page of pages().filter((name) => name !== 'README.md')) {
    t.true(built.includes(page.replace('docs/', '').replace('.md', '.html')), page);
  }
  t.true(built.some((file) => file.includes('localSearchIndex')));
  t.regex(readFileSync(join(directory, 'quick-start.html'), 'utf8'), /A first service/);
});
