import type { Command } from './command.js';
import type { Host } from './topology.js';

/**
 * Which of equal routes a packet takes goes by its addresses, protocol and ports (Documentation/networking/ip-sysctl.rst), as
 * in hardware. Policy 1 would do where packets come by a wire; a veth leaves the hash that the sending socket gave its packet, and that is
 * another one whenever TCP has sent again for want of an answer: connections would move to another node.
 */
const CHOSEN_FIELDS = 3;
const FIVE_TUPLE = 0x37;

/** Settings of every host; `default` is what interfaces made afterwards start with. */
export function hostSettings(host: Host): Record<string, string | number> {
  const settings: Record<string, string | number> = {
    // Addresses serve at once: no duplicate address detection, nothing from router advertisements.
    'net.ipv6.conf.all.accept_dad': 0,
    'net.ipv6.conf.default.accept_dad': 0,
    'net.ipv6.conf.all.accept_ra': 0,
    'net.ipv6.conf.default.accept_ra': 0,
    // As IPv4 does: a link that goes down and up comes back with its addresses.
    'net.ipv6.conf.all.keep_addr_on_down': 1,
    'net.ipv6.conf.default.keep_addr_on_down': 1,
    // Direct server return is asymmetric by design.
    'net.ipv4.conf.all.rp_filter': 0,
    'net.ipv4.conf.default.rp_filter': 0,
  };
  if (host.forwarding === true) {
    Object.assign(settings, {
      'net.ipv4.ip_forward': 1,
      'net.ipv6.conf.all.forwarding': 1,
      'net.ipv4.fib_multipath_hash_policy': CHOSEN_FIELDS,
      'net.ipv4.fib_multipath_hash_fields': FIVE_TUPLE,
      'net.ipv6.fib_multipath_hash_policy': CHOSEN_FIELDS,
      'net.ipv6.fib_multipath_hash_fields': FIVE_TUPLE,
    });
  }
  return { ...settings, ...host.sysctls };
}

/**
 * A switch has no addresses, so it speaks no IPv6 of its own; and it looks at no IP header, as it would where the kernel
 * has br_netfilter.
 */
export const switchSettings = {
  'net.ipv6.conf.all.disable_ipv6': 1,
  'net.ipv6.conf.default.disable_ipv6': 1,
  'net.bridge.bridge-nf-call-arptables': 0,
  'net.bridge.bridge-nf-call-iptables': 0,
  'net.bridge.bridge-nf-call-ip6tables': 0,
};

/** The command that makes settings. */
export function sysctl(settings: Readonly<Record<string, string | number>>): Command {
  return {
    program: 'sysctl',
    // -e: settings that this kernel does not have need not be made.
    args: ['-e', '-q', '-w', ...Object.entries(settings).map(([key, value]) => `${key}=${value}`)],
  };
}
