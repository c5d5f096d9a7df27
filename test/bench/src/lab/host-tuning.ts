import type { Lab } from '@weir/lab';

/**
 * Settings of all hosts of all contenders: room for as many connections a second as one client makes. Without them the
 * load ends at the number of ports, and nobody's balancer was measured. And no congestion control that paces, which some
 * distributions have by default (BBR): its timers cost more than the network here. Reno is what every namespace may have.
 */
const TUNING = {
  'net.ipv4.ip_local_port_range': '1024 65535',
  'net.ipv4.tcp_tw_reuse': '1',
  'net.ipv4.tcp_max_syn_backlog': '65535',
  'net.ipv4.tcp_congestion_control': 'reno',
};

export async function tuneHosts(lab: Lab): Promise<void> {
  const settings = Object.entries(TUNING).map(([key, value]) => `${key}=${value}`);
  await Promise.all(lab.hosts.map((host) => host.output('sysctl', ['-q', '-w', ...settings])));
}
