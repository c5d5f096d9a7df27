import { readFileSync } from 'node:fs';
import { AgentError } from './agent-error.js';

/** Bits of include/uapi/linux/capability.h. */
const BITS = { CAP_NET_ADMIN: 12, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;
type Capability = keyof typeof BITS;

/** For addresses, routes and settings of interfaces; programs and maps; pointers of programs. */
const REQUIRED = ['CAP_NET_ADMIN', 'CAP_BPF', 'CAP_PERFMON'] as const;

/** @throws {AgentError} CAPABILITY_MISSING naming what this process may not do; which user runs it is nobody's concern */
export function requireCapabilities(processStatus = readFileSync('/proc/self/status', 'utf8')): void {
  const missing = missingCapabilities(processStatus);
  if (missing.length === 0) return;
  throw new AgentError(
    'CAPABILITY_MISSING',
    `addresses, routes and BPF programs need ${REQUIRED.join(', ')}; this process is without ${missing.join(', ')}. ` +
      'Run it by weir-real-server.service, or as root; in a container add them to the capabilities that it gets',
    { details: { missing } },
  );
}

/** @param processStatus  /proc/PID/status */
export function missingCapabilities(processStatus: string): readonly Capability[] {
  const [, digits] = /^CapEff:\s*([0-9a-f]+)$/m.exec(processStatus) ?? [];
  const effective = BigInt(`0x${digits ?? '0'}`);
  const has = (name: Capability) => (effective & (1n << BigInt(BITS[name]))) !== 0n;
  // CAP_SYS_ADMIN stands for those that were split from it (capabilities(7)).
  return REQUIRED.filter((name) => !has(name) && (name === 'CAP_NET_ADMIN' || !has('CAP_SYS_ADMIN')));
}
