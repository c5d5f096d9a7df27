import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lab } from '@weir/lab';
import type { BaseSystem } from './base-system.js';
import { runOutside } from './outside.js';

/** How a host of the lab gets to its machines by ssh: user root, no passwords. */
export interface SshAccess {
  readonly privateKeyFile: string;
  readonly publicKey: string;
  /** Names the key of all machines, by whatever address: they come from one tree. */
  readonly knownHostsFile: string;
}

/** Makes the key of a lab; it goes with the lab. */
export async function makeSshAccess(lab: Lab, base: BaseSystem): Promise<SshAccess> {
  const privateKeyFile = join(lab.directory, 'ssh-key');
  const knownHostsFile = join(lab.directory, 'ssh-known-hosts');
  if (!existsSync(privateKeyFile)) {
    await runOutside('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', privateKeyFile]);
  }
  const hostKey = readFileSync(join(base.root, 'etc/ssh/ssh_host_ed25519_key.pub'), 'utf8');
  await writeFile(knownHostsFile, `* ${hostKey}`);
  return { privateKeyFile, publicKey: readFileSync(`${privateKeyFile}.pub`, 'utf8').trim(), knownHostsFile };
}
