import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runOutside } from './outside.js';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
/** What the package is made of; dependencies by what npm wrote last when it installed them. */
const MADE_OF = ['packages', 'deploy', 'scripts/package', 'package.json', 'node_modules/.package-lock.json'];
const NOT_MADE_OF = new Set(['node_modules', 'src', '.turbo']);
const TIMEOUT_MS = 5 * 60_000;

/** The version of package.json. */
export const WEIR_VERSION = (JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string })
  .version;

/** One that Debian takes for newer. */
export const NEXT_WEIR_VERSION = `${WEIR_VERSION}+next`;

/**
 * The Debian package of what is built here, as `npm run package` makes it; made again only when something changed since.
 *
 * @param version  what it calls itself; default: that of package.json
 * @returns its file
 * @throws LabError `LAB_COMMAND_FAILED` with what the packaging said
 */
export async function weirPackage(version: string = WEIR_VERSION): Promise<string> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch;
  const file = join(CHECKOUT, 'build', `weir_${version}_${architecture}.deb`);
  const newest = Math.max(...MADE_OF.map((path) => newestBelow(join(CHECKOUT, path))));
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (made > newest) return file;
  // Another test may be making one: they share the folder where it is put together.
  const packaging = [process.execPath, 'scripts/package/package.mjs', '--only', 'deb', '--version', version];
  await runOutside('flock', [join(CHECKOUT, 'scripts/package/package.mjs'), ...packaging], {
    cwd: CHECKOUT,
    timeoutMs: TIMEOUT_MS,
  });
  return file;
}

/** When the last of the files below was written, in milliseconds since 1970. */
export function newestBelow(path: string): number {
  const entry = statSync(path, { throwIfNoEntry: false });
  if (entry === undefined) return 0;
  if (!entry.isDirectory()) return entry.mtimeMs;
  const names = readdirSync(path).filter((name) => !NOT_MADE_OF.has(name));
  return Math.max(0, ...names.map((name) => newestBelow(join(path, name))));
}
