import { spawnSync } from 'node:child_process';
import type { Fence } from './fences.js';

/** A command of a page, as long as it is: with its continued lines, loops and here-documents. */
export interface DocumentedCommand {
  readonly fence: Fence;
  readonly text: string;
  /** Why it is not run here; undefined: it is. */
  readonly notRun: string | undefined;
}

/** Programs that the lab's hosts can't run, and who does. */
const notRunHere: Readonly<Record<string, string>> = {
  npm: 'builds and tests the project itself, as CI does',
  'apt-get': 'changes the machine; debian-package.test.ts installs, upgrades and removes the package',
  systemctl: 'hosts of the lab have no systemd; machines of debian-package.test.ts have',
  'systemd-sysusers': 'changes the machine; the package does it in debian-package.test.ts',
  'systemd-tmpfiles': 'changes the machine; the package does it in debian-package.test.ts',
  journalctl: 'hosts of the lab have no journal',
  'ansible-playbook': 'ansible-*.test.ts run the playbooks',
  'ansible-galaxy': 'installs the collection, as ansible-*.test.ts do',
  'ansible-lint': 'ansible-*.test.ts run it',
  helm: 'chart-*.test.ts run it where no cluster is needed',
  kubectl: 'there is no Kubernetes here; chart-*.test.ts check what it would be given',
  buildah: 'container-*.test.ts build the image',
  podman: 'there is no podman here',
  docker: 'there is no Docker here',
  grpcurl: 'Debian has no package of it',
  rsyslogd: 'log-shipping.test.ts runs it with the file that the page is about',
};

/** Programs that are run. What is neither here nor above has to be put into one of the two lists. */
const runHere = [
  'weirctl',
  'lb-node',
  'real-server',
  'etcdctl',
  'redis-cli',
  'vtysh',
  'curl',
  'ip',
  'tc',
  'ping',
  'sysctl',
  'openssl',
  'diff',
];
/** What may stand beside them. */
const besides = [
  'for',
  'do',
  'done',
  'while',
  'read',
  'jq',
  'tail',
  'cut',
  'tee',
  'sed',
  'echo',
  'printf',
  'sha256sum',
  'export',
  'modprobe',
];

/** At the begin of a command, of what follows a pipe, `&&`, `;`, `$(` or `do`, behind `sudo` and variables. */
const PROGRAM = /(?:[;\n]\s*(?:do|then)\b|^|[|;&(])\s*(?:sudo\s+)?(?:\w+=\S*\s+)*([\w./-]+)/gm;

/** The commands of a block of shell: of `console` the lines after `$`, of `sh` all. */
export function commandsOf(fence: Fence): readonly DocumentedCommand[] {
  const script = fence.language === 'console' ? typedLines(fence.text) : fence.text;
  return statements(script).map((text) => ({
    fence,
    text,
    notRun: fence.attributes['not-run'] ?? reasonNotToRun(text),
  }));
}

/** What is typed, without the answers: lines after `$`, and those that go on with one. */
function typedLines(text: string): string {
  let isContinued = false;
  const typed: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('$ ')) typed.push(line.slice(2));
    else if (isContinued) typed.push(line);
    else continue;
    isContinued = /[\\|]\s*$/.test(line) || !isComplete(typed.at(-1) ?? '');
  }
  return typed.join('\n');
}

/** Splits a script where bash takes what is there for whole. */
function statements(script: string): readonly string[] {
  const found: string[] = [];
  let pending: string[] = [];
  for (const line of script.split('\n')) {
    if (pending.length === 0 && (line.trim() === '' || line.startsWith('#'))) continue;
    pending.push(line);
    const text = pending.join('\n');
    if (/[\\|]\s*$/.test(line) || !isComplete(text)) continue;
    found.push(text);
    pending = [];
  }
  return pending.length === 0 ? found : [...found, pending.join('\n')];
}

/** Whether bash can read it; unfinished here-documents it only warns of. */
export function isComplete(text: string): boolean {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: `${text}\n`, encoding: 'utf8' });
  return status === 0 && !stderr.includes('here-document');
}

/** Of all that it starts, what no list has. */
export function unclassified(text: string): readonly string[] {
  return programsOf(text).filter(
    (program) => ![...runHere, ...besides].includes(program) && notRunHere[program] === undefined,
  );
}

function programsOf(text: string): readonly string[] {
  // What stands in quotes or behind # is no program.
  const bare = text.replaceAll(/'[^']*'|"[^"]*"/g, '').replaceAll(/(?:^|\s)#.*$/gm, '');
  return [...bare.matchAll(PROGRAM)].map(([, program = '']) => program);
}

function reasonNotToRun(text: string): string | undefined {
  if (/^weirctl doctor/.test(text)) return 'doctor.test.ts runs it where faults are';
  return programsOf(text)
    .map((program) => notRunHere[program])
    .find((reason) => reason !== undefined);
}
