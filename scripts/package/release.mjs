import { readFileSync } from 'node:fs';
import { askGit } from './git.mjs';

/** Debian's names of the architectures that Node.js has other names for. */
const DEBIAN_ARCHITECTURES = { x64: 'amd64', arm64: 'arm64' };

/**
 * What is packaged, and as of when.
 *
 * @param version  instead of that of package.json
 * @returns `version`; `arch` and `debianArch`, of the machine that packages; `epochSeconds`, which every file is dated
 */
export function readRelease(version = JSON.parse(readFileSync('package.json', 'utf8')).version) {
  if (!/^[0-9]+\.[0-9]+\.[0-9]+([-+.~][0-9A-Za-z.~+-]+)?$/.test(version)) {
    throw new Error(`--version takes numbers such as 0.1.1 or 0.2.0~rc1; got "${version}"`);
  }
  const debianArch = DEBIAN_ARCHITECTURES[process.arch];
  if (debianArch === undefined) {
    throw new Error(`Weir is packaged on ${Object.keys(DEBIAN_ARCHITECTURES).join(' and ')}; this is ${process.arch}`);
  }
  return { version, arch: process.arch, debianArch, epochSeconds: readEpoch() };
}

/** @see https://reproducible-builds.org/specs/source-date-epoch/ */
function readEpoch() {
  const given = process.env.SOURCE_DATE_EPOCH ?? lastCommit();
  if (/^[0-9]+$/.test(given)) return Number(given);
  throw new Error(`SOURCE_DATE_EPOCH is "${given}"; it takes seconds since 1970`);
}

function lastCommit() {
  try {
    return askGit('log', '-1', '--format=%ct');
  } catch (cause) {
    throw new Error(`nothing says of when this is: ${cause.message}; set SOURCE_DATE_EPOCH`, { cause });
  }
}
