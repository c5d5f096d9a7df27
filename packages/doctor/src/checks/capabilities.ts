import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Host } from '../host.js';
import { type Subject, usesBpf } from '../subject.js';

/** Bits of linux/capability.h. */
const bits = {
  CAP_NET_BIND_SERVICE: 10,
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_ADMIN: 21,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const;
type Capability = keyof typeof bits;

/** What CAP_SYS_ADMIN stands for as well (capabilities(7)). */
const ofSysAdmin: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON'];

/** Ports below it take CAP_NET_BIND_SERVICE (Documentation/networking/ip-sysctl.rst); this is the kernel's default. */
const UNPRIVILEGED_PORT = 1024;

/** May the daemon do what it has to? The process that asks stands for it where it is root's, as in the daemon's container. */
export const capabilities: Check = {
  name: 'capabilities',
  looksAt:
    'capabilities: CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON; CAP_NET_RAW for probes of the kinds icmp and syn, VRRP and the portable engine; CAP_NET_BIND_SERVICE for a gobgpd at port 179. A daemon that answers has them',
  symptom: 'the daemon ends with 77 (CAPABILITY_MISSING)',
  cure: 'run it by its unit (`systemctl start weir-node`), which gives it these and no others; in a container add them to `securityContext.capabilities.add`',
  roles: ['node', 'backend'],
  async examine(subject, host) {
    if (subject.role === 'node' && subject.daemon !== undefined) {
      return [{ verdict: 'ok', found: 'the daemon runs, so it has them' }];
    }
    const [, user] = /^Uid:\s*\d+\s+(\d+)/m.exec((await host.readText('/proc/self/status')) ?? '') ?? [];
    if (user !== undefined && user !== '0') {
      return [{ verdict: 'skipped', found: 'what this user may do says nothing of the daemon; run weirctl as root' }];
    }
    return await ownCapabilities.examine(subject, host);
  },
};

/** Of a daemon that starts: may this process do what it has to, whoever's it is? */
export const ownCapabilities = {
  async examine(subject: Subject, host: Host): Promise<readonly Finding[]> {
    const status = await host.readText('/proc/self/status');
    const [, digits] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status ?? '') ?? [];
    if (digits === undefined) return [{ verdict: 'skipped', found: '/proc/self/status has no CapEff' }];
    const port = await host.readText('/proc/sys/net/ipv4/ip_unprivileged_port_start');
    return [capabilitiesFinding(BigInt(`0x${digits}`), subject, port === undefined ? UNPRIVILEGED_PORT : Number(port))];
  },
};

/**
 * @param effective  the set as bits
 * @param unprivilegedPort  the first port that takes no capability
 */
export function capabilitiesFinding(
  effective: bigint,
  subject: Subject,
  unprivilegedPort = UNPRIVILEGED_PORT,
): Finding {
  const has = (name: Capability) => (effective & (1n << BigInt(bits[name]))) !== 0n;
  const wanted = wantedOf(subject, unprivilegedPort);
  const missing = wanted.filter((name) => !has(name) && !(ofSysAdmin.includes(name) && has('CAP_SYS_ADMIN')));
  if (missing.length === 0) return { verdict: 'ok', found: wanted.join(', ') };
  return {
    verdict: 'fault',
    found: `without ${missing.join(', ')}`,
    wanted: wanted.join(', '),
    cure: `run as root, or by the unit, whose AmbientCapabilities= and CapabilityBoundingSet= name ${missing.join(' ')}; in a container securityContext.capabilities.add`,
  };
}

function wantedOf(subject: Subject, unprivilegedPort: number): readonly Capability[] {
  return [
    'CAP_NET_ADMIN',
    ...(usesBpf(subject) ? (['CAP_BPF', 'CAP_PERFMON'] as const) : []),
    ...(hasRawSockets(subject) ? (['CAP_NET_RAW'] as const) : []),
    ...(hasLowPort(subject, unprivilegedPort) ? (['CAP_NET_BIND_SERVICE'] as const) : []),
  ];
}

/** The portable engine sends by them, keepalived speaks VRRP by them, and two kinds of probes need them. */
function hasRawSockets(subject: Subject): boolean {
  if (subject.role === 'backend') return false;
  if (!usesBpf(subject) || subject.config?.vrrp !== undefined) return true;
  return subject.services.some(({ backends }) =>
    backends.some(({ healthCheck }) => healthCheck?.probe.kind === 'icmp' || healthCheck?.probe.kind === 'syn'),
  );
}

/** gobgpd as a child listens with what the daemon may do. */
function hasLowPort(subject: Subject, unprivilegedPort: number): boolean {
  const bgp = subject.role === 'node' ? subject.config?.bgp : undefined;
  if (bgp === undefined || bgp.gobgpd.run !== 'child') return false;
  return bgp.listenPort > 0 && bgp.listenPort < unprivilegedPort;
}
