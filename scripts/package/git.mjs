import { execFileSync } from 'node:child_process';

/**
 * Asks git about this checkout, whoever owns its files: a container and sudo are often somebody else.
 *
 * @returns what it says, without the last line feed
 * @throws Error with what git says instead
 */
export function askGit(...args) {
  try {
    const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
    return execFileSync('git', ['-c', 'safe.directory=*', ...args], options).trim();
  } catch (cause) {
    throw new Error(`git ${args.join(' ')}: ${cause.stderr?.trim() || cause.message}`, { cause });
  }
}
