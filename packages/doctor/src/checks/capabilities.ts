import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import { type Subject, usesBpf } from '../subject.js';

/** Bits of linux/capability.h. */
const bits = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13, CAP_SYS_ADMIN: 21, CAP_PERFMON: 38, CAP_BPF: 39 } as const;
type Capability = keyof typeof bits;

/** What CAP_SYS_ADMIN stands for as well (capabilities(7)). */
const ofSysAdmin: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON'];

/** May this process do what the daemon has to? */
export const capabilities: Check = {
  name: 'capabilities',
  looksAt:
    'capabilities of the process: CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON; CAP_NET_RAW for probes and the portable engine',
  symptom: 'the daemon ends with 77 (CAPABILITY_MISSING)',
  cure: 'run it by its unit (`systemctl start weir-node`), which gives it these and no others; in a container add them to `securityContext.capabilities.add`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    const status = await host.readText('/proc/self/status');
    const [, digits] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '') ?? [];
    if (digits === undefined) return [{ verdict: 'skipped', found: '/proc/self/status has no CapEff' }];
    return [capabilitiesFinding(BigInt(`0x${digits}`), subject)];
  },
};

/** @param effective  the set as bits */
export function capabilitiesFinding(effective: bigint, subject: Subject): Finding {
  const has = (name: Capability) => (effective & (1n << BigInt(bits[name]))) !== 0n;
  const wanted = wantedOf(subject);
  const missing = wanted.filter((name) => !has(name) && !(ofSysAdmin.includes(name) && has('CAP_SYS_ADMIN')));
  if (missing.length === 0) return { verdict: 'ok', found: wanted.join(', ') };
  return {
    verdict: 'fault',
    found: `without ${missing.join(', ')}`,
    wanted: wanted.join(', '),
    cure: `run as root, or by the unit, whose AmbientCapabilities= and CapabilityBoundingSet= name ${missing.join(' ')}; in a container securityContext.capabilities.add`,
  };
}

function wantedOf(subject: Subject): readonly Capability[] {
  const ofBpf: readonly Capability[] = usesBpf(subject) ? ['CAP_BPF', 'CAP_PERFMON'] : [];
  const isRaw = subject.role === 'node' && (!usesBpf(subject) || subject.services.some(hasProbes));
  return ['CAP_NET_ADMIN', ...ofBpf, ...(isRaw ? (['CAP_NET_RAW'] as const) : [])];
}

function hasProbes({ healthCheck }: { readonly healthCheck: unknown }): boolean {
  return healthCheck !== 'off';
}
