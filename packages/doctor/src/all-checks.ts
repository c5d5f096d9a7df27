import type { Check } from './check.js';
import { arpPolicy } from './checks/arp-policy.js';
import { bgpSession } from './checks/bgp-session.js';
import { bpfFilesystem } from './checks/bpf-filesystem.js';
import { bpfJit } from './checks/bpf-jit.js';
import { capabilities } from './checks/capabilities.js';
import { clock } from './checks/clock.js';
import { configuration } from './checks/configuration.js';
import { conntrack } from './checks/conntrack.js';
import { etcd } from './checks/etcd.js';
import { firewall } from './checks/firewall.js';
import { forwarding } from './checks/forwarding.js';
import { interfaceUp } from './checks/interface-up.js';
import { kernelVersion } from './checks/kernel-version.js';
import { libbpf } from './checks/libbpf.js';
import { listeners } from './checks/listeners.js';
import { mtu } from './checks/mtu.js';
import { nodeIdentity } from './checks/node-identity.js';
import { offloads } from './checks/offloads.js';
import { otherXdp } from './checks/other-xdp.js';
import { redis } from './checks/redis.js';
import { reversePath } from './checks/reverse-path.js';
import { vipOnLoopback } from './checks/vip-on-loopback.js';
import { xdpDriver } from './checks/xdp-driver.js';

/** From the bottom up: what fails first explains what fails after it. */
export const allChecks: readonly Check[] = [
  configuration,
  kernelVersion,
  bpfJit,
  capabilities,
  bpfFilesystem,
  libbpf,
  interfaceUp,
  xdpDriver,
  otherXdp,
  offloads,
  mtu,
  reversePath,
  forwarding,
  vipOnLoopback,
  arpPolicy,
  listeners,
  bgpSession,
  etcd,
  nodeIdentity,
  redis,
  conntrack,
  firewall,
  clock,
];
