import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LabError } from './lab-error.js';

/** Debian packages of the programs that labs use; any other is taken to be in the package of its name. */
const DEBIAN_PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  ss: 'iproute2',
  nsenter: 'util-linux',
  sysctl: 'procps',
  ping: 'iputils-ping',
  nginx: 'nginx-light',
  gobgpd: 'gobgpd',
  gobgp: 'gobgpd',
  vtysh: 'frr',
  zebra: 'frr',
  bgpd: 'frr',
  nft: 'nftables',
  etcd: 'etcd-server',
  etcdctl: 'etcd-client',
  'redis-server': 'redis-server',
  'redis-cli': 'redis-tools',
  scapy: 'python3-scapy',
  dig: 'bind9-dnsutils',
  dnsmasq: 'dnsmasq-base',
  unshare: 'util-linux',
};

/** FRR's daemons are in no PATH; the rest is where root's PATH usually looks, also when ours does not. */
const MORE_DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/lib/frr'];

/**
 * Where a program is.
 *
 * @param program  a name to look for in PATH, or a path, which is taken as it is
 * @throws LabError `LAB_PROGRAM_MISSING` with the Debian package that has it
 */
export function findProgram(program: string): string {
  const candidates = program.includes('/')
    ? [program]
    : [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...MORE_DIRECTORIES].map((directory) =>
        join(directory, program),
      );
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new LabError(
    'LAB_PROGRAM_MISSING',
    `the program ${program} is not installed; it is in the Debian package ${debianPackageOf(program)}: apt-get install ${debianPackageOf(program)}`,
    { details: { program, lookedAt: candidates } },
  );
}

/** The Debian package that brings a program. */
export function debianPackageOf(program: string): string {
  const name = program.slice(program.lastIndexOf('/') + 1);
  return DEBIAN_PACKAGES[name] ?? name;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
