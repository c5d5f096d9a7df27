import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CommandResult, LabHost } from '@weir/lab';
import { stringify } from 'yaml';

/** The folder with ansible.cfg, the playbooks and the collection. */
export const ANSIBLE_DIRECTORY = fileURLToPath(new URL('../../../deploy/ansible/', import.meta.url));
/** An upgrade of three nodes takes two minutes on two quiet cores. */
const TIMEOUT_MS = 600_000;

/** What a playbook did to a host, by the last lines that it prints. */
export interface HostRecap {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
}

/** What became of a playbook. */
export interface PlaybookResult {
  readonly code: number;
  readonly output: string;
  readonly hosts: Readonly<Record<string, HostRecap>>;
  /** Name of the tasks that changed something, by host. */
  readonly changes: readonly string[];
}

/** An inventory as a document: hosts and groups under `all`. */
export type Inventory = Readonly<Record<string, unknown>>;

/** The machine that operators run Ansible on: a host of a lab, with files in a directory of it. */
export class AnsibleControl {
  constructor(
    readonly host: Pick<LabHost, 'run'>,
    readonly directory: string,
  ) {}

  /** Runs one of the playbooks of deploy/ansible to its end, whatever that is. */
  async play(playbook: string, inventory: Inventory, variables: Inventory = {}): Promise<PlaybookResult> {
    await mkdir(this.directory, { recursive: true });
    const file = join(this.directory, 'inventory.yml');
    await writeFile(file, stringify(inventory, { aliasDuplicateObjects: false }));
    const args = ['--inventory', file, '--extra-vars', JSON.stringify(variables), join(ANSIBLE_DIRECTORY, playbook)];
    const environment = [
      `ANSIBLE_CONFIG=${join(ANSIBLE_DIRECTORY, 'ansible.cfg')}`,
      // Its temporary files, and the sockets of its connections.
      `ANSIBLE_HOME=${this.directory}`,
      `ANSIBLE_LOCAL_TEMP=${join(this.directory, 'tmp')}`,
      'ANSIBLE_FORCE_COLOR=0',
      'ANSIBLE_NOCOLOR=1',
    ];
    const options = { timeoutMs: TIMEOUT_MS };
    return resultOf(await this.host.run('env', [...environment, 'ansible-playbook', ...args], options));
  }
}

function resultOf({ code, stdout, stderr }: Pick<CommandResult, 'code' | 'stdout' | 'stderr'>): PlaybookResult {
  const hosts: Record<string, HostRecap> = {};
  const changes: string[] = [];
  let task = '';
  for (const line of stdout.split('\n')) {
    task = /^(?:TASK|RUNNING HANDLER) \[(.*)\] \*+$/.exec(line)?.[1] ?? task;
    const changed = /^changed: \[([^\]]+)\]/.exec(line)?.[1];
    if (changed !== undefined) changes.push(`${changed}: ${task}`);
    const recap = /^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)/.exec(line);
    if (recap === null) continue;
    const [, name = '', ...counts] = recap;
    const [ok = 0, changedCount = 0, unreachable = 0, failed = 0] = counts.map(Number);
    hosts[name] = { ok, changed: changedCount, unreachable, failed };
  }
  return { code: code ?? -1, output: `${stdout}${stderr}`, hosts, changes };
}
