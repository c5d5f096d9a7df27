import { readFileSync } from 'node:fs';

/** Segments that the kernel dropped for their TCP MD5 signatures (RFC 2385), of all connections of this network namespace. */
export interface SignatureFailures {
  /** Without a signature where one was expected. */
  readonly missing: number;
  /** With one where none was expected. */
  readonly unexpected: number;
  /** With a wrong one. */
  readonly wrong: number;
}

/** Names in TcpExt (net/ipv4/proc.c). */
const counters = { missing: 'TCPMD5NotFound', unexpected: 'TCPMD5Unexpected', wrong: 'TCPMD5Failure' } as const;

/** What the kernel has counted since this network namespace began; undefined: it can't be read, as without descriptors left. */
export function readSignatureFailures(): SignatureFailures | undefined {
  try {
    return parseSignatureFailures(readFileSync('/proc/self/net/netstat', 'utf8'));
  } catch {
    return undefined;
  }
}

/** @param netstat  pairs of lines, names and values in the same order, each pair with its prefix */
export function parseSignatureFailures(netstat: string): SignatureFailures {
  const [names = [], values = []] = netstat
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  const count = (name: string) => Number(values[names.indexOf(name)] ?? 0);
  return {
    missing: count(counters.missing),
    unexpected: count(counters.unexpected),
    wrong: count(counters.wrong),
  };
}

/** What came between two readings; nothing where one of them failed. */
export function failuresSince(
  before: SignatureFailures | undefined,
  after: SignatureFailures | undefined,
): SignatureFailures {
  if (before === undefined || after === undefined) return { missing: 0, unexpected: 0, wrong: 0 };
  return {
    missing: after.missing - before.missing,
    unexpected: after.unexpected - before.unexpected,
    wrong: after.wrong - before.wrong,
  };
}
