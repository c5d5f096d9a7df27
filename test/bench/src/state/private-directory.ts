import { execFileSync } from 'node:child_process';

/** A directory that every Linux has; what others see there is not touched. */
const DIRECTORY = '/dev/shm';

/**
 * Makes the system's temporary directory one in memory that goes with this process, however it ends. Only after
 * enterPrivateNamespaces: nobody else sees it.
 */
export function usePrivateTemporaryDirectory(): string {
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', DIRECTORY]);
  process.env.TMPDIR = DIRECTORY;
  return DIRECTORY;
}
