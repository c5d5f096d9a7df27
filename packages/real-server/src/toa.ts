import { closeSync, existsSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BpfObject, openPinned, pin, preparePinDirectory, unpin } from '@weir/dataplane';
import { Cgroup, cgroupRoot } from './cgroup.js';
import { type Network, networkKey } from './network.js';

const OBJECT_PATH = fileURLToPath(new URL('../obj/toa.bpf.o', import.meta.url));
/** Below the agent's directory. */
const DIRECTORY = 'toa';
const CLIENTS_PIN = 'clients';

/** Programs of bpf/toa.bpf.c and where they hang; who tells comes before who learns. */
const hooks = [
  ['tell_client4', 'getpeername4'],
  ['tell_client6', 'getpeername6'],
  ['learn_client', 'sockops'],
] as const;

export interface ToaOptions {
  /** Directory of the cgroup whose servers are told; absent: the root, of all. */
  readonly cgroup?: string;
  /** Where nodes' local addresses are: nobody else's word is taken. */
  readonly from: readonly Network[];
}

/**
 * Lets `accept()` and `getpeername()` name the client of a connection that came by fullnat, as its node told by a TCP
 * option. Stays until {@link detachToa}; connections that a former life learned of stay known.
 *
 * @returns the cgroup
 * @throws {AgentError} CGROUP_UNUSABLE
 * @throws {DataplaneError} BPF_FILESYSTEM, BPF_LOAD_REFUSED
 */
export function attachToa(options: ToaOptions, pinDirectory: string): string {
  const path = options.cgroup ?? cgroupRoot();
  using cgroup = new Cgroup(path);
  const directory = join(pinDirectory, DIRECTORY);
  preparePinDirectory(directory);
  mkdirSync(directory, { recursive: true });
  using object = new BpfObject(OBJECT_PATH);
  const former = openPinned(join(directory, CLIENTS_PIN));
  if (former !== undefined) {
    object.reuseMap('clients', former);
    closeSync(former);
  }
  object.load();
  for (const network of options.from) object.updateElement('trusted', networkKey(network), new Uint8Array(4));
  if (former === undefined) pin(object.mapFd('clients'), join(directory, CLIENTS_PIN));
  for (const [program, hook] of hooks) cgroup.attach(object.programFd(program), hook, join(directory, hook));
  return path;
}

/** Takes it back, also what a former life left. */
export function detachToa(pinDirectory: string): void {
  const directory = join(pinDirectory, DIRECTORY);
  if (!existsSync(directory)) return;
  for (const name of [...hooks.map(([, hook]) => hook), CLIENTS_PIN]) unpin(join(directory, name));
  rmdirSync(directory);
}
