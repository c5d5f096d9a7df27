import { existsSync } from 'node:fs';
import { chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import { removeScratchOfFrr } from './namespace-process.js';
import { findProgram } from './program.js';
import { type Deadline, waitUntil } from './wait-until.js';

/** A BFD session of a host (RFC 5880), over one hop. */
export interface BfdPeer {
  readonly address: string;
  readonly localAddress: string;
}

/** How often packets go both ways, and how many may be missing. */
export interface BfdPace {
  readonly intervalMs: number;
  readonly multiplier: number;
}

/** The configuration of bfdd: https://docs.frrouting.org/en/stable-8.4/bfd.html */
export function bfdConfiguration(peers: readonly BfdPeer[], { intervalMs, multiplier }: BfdPace): string {
  const profile = [
    ' profile weir',
    `  receive-interval ${intervalMs}`,
    `  transmit-interval ${intervalMs}`,
    `  detect-multiplier ${multiplier}`,
    ' exit',
  ];
  const sessions = peers.flatMap(({ address, localAddress }) => [
    ` peer ${address} local-address ${localAddress}`,
    '  profile weir',
    ' exit',
  ]);
  return `${['bfd', ...profile, ...sessions, 'exit'].join('\n')}\n`;
}

/**
 * Starts FRR's bfdd in a host: with the zebra of its router, or on a node with one of its own, as beside gobgpd.
 *
 * @throws LabError `LAB_PROGRAM_MISSING` without FRR; `LAB_PROCESS_ENDED` with what a daemon said that did not stay
 */
export async function startBfd(
  host: LabHost,
  peers: readonly BfdPeer[],
  pace: BfdPace,
  deadline: Deadline = {},
): Promise<LabProcess> {
  const directory = join(host.directory, `${host.name}-frr`);
  const { uid, gid } = await stat('/etc/frr');
  await mkdir(directory, { recursive: true });
  const configuration = join(directory, 'bfdd.conf');
  await writeFile(configuration, bfdConfiguration(peers, pace), { mode: 0o640 });
  await Promise.all([directory, configuration].map((path) => chown(path, uid, gid)));
  const daemon = (name: string, more: readonly string[]) => {
    const files = ['-i', join(directory, `${name}.pid`), '-z', join(directory, 'zserv.api'), '--vty_socket', directory];
    const program = findProgram(`/usr/lib/frr/${name}`);
    const started = host.spawn(program, [...files, '-P', '0', '--log', 'stdout', ...more], { name });
    void started.exited.then(() => removeScratchOfFrr(started.pid));
    return started;
  };
  const isThere = (process: LabProcess, file: string) =>
    waitUntil(`${process.title} to make ${file}`, () => existsSync(join(directory, file)) || process.failIfEnded(), {
      ...deadline,
      intervalMs: 5,
    });
  if (!existsSync(join(directory, 'zserv.api'))) await isThere(daemon('zebra', ['-f', '/dev/null']), 'zserv.api');
  const control = ['--bfdctl', join(directory, 'bfdd.sock')];
  const bfdd = daemon('bfdd', ['-f', configuration, ...control]);
  await isThere(bfdd, 'bfdd.vty');
  return bfdd;
}
