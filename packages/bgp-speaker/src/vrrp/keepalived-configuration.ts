import { priorityOf } from './priority.js';
import { routerIdsOf } from './router-ids.js';
import { trackFile } from './track-files.js';
import type { VrrpSettings } from './vrrp-options.js';

/**
 * The configuration file of a keepalived: one instance of VRRP for each VIP, and the file that says whether this node can
 * serve it. What a node can serve is not in it, so that it changes with VIPs and settings only.
 * @param directory  of the tracked files
 * @throws {SpeakerError} ROUTER_IDS_EXHAUSTED
 * @see keepalived.conf(5)
 */
export function keepalivedConfiguration(vips: readonly string[], settings: VrrpSettings, directory: string): string {
  const ids = routerIdsOf(vips, settings.routerIds);
  return [
    ...block('global_defs', [
      `router_id ${quoted(settings.ownName)}`,
      'vrrp_version 3',
      // No script is run; without a user for them, keepalived looks for one that does not exist, and says so.
      'script_user root',
    ]),
    ...[...vips].sort().flatMap((vip) => instance(vip, ids.get(vip) as number, settings, directory)),
    '',
  ].join('\n');
}

function instance(vip: string, routerId: number, settings: VrrpSettings, directory: string): string[] {
  const name = `vip_${vip}`;
  const nodes = settings.peers.map((peer) => peer.name);
  return [
    '',
    // Weight 0: any number but 0 means that this node can't have the VIP at all.
    ...block(`track_file ${name}`, [`file ${quoted(trackFile(directory, vip))}`, 'weight 0']),
    '',
    ...block(`vrrp_instance ${name}`, [
      'state BACKUP',
      `interface ${settings.interface}`,
      `virtual_router_id ${routerId}`,
      `priority ${priorityOf(vip, settings.ownName, nodes)}`,
      `advert_int ${seconds(settings.advertIntervalMs)}`,
      ...preemption(settings),
      ...gratuitousArp(settings),
      ...(settings.transport === 'unicast' ? unicast(vip, settings) : []),
      ...block('virtual_ipaddress', [address(vip, settings.interface)]),
      ...block('track_file', [name]),
    ]),
  ];
}

/** IPv6: deprecated, so that it's no source of the node's own packets, and there at once; another node had it a moment ago. */
function address(vip: string, name: string): string {
  return vip.includes(':') ? `${vip}/128 dev ${name} -nodad preferred_lft 0` : `${vip}/32 dev ${name}`;
}

function preemption({ preempt, preemptDelayMs }: VrrpSettings): string[] {
  if (!preempt) return ['nopreempt'];
  return preemptDelayMs === 0 ? [] : [`preempt_delay ${seconds(preemptDelayMs)}`];
}

function gratuitousArp({ gratuitousArp: { repeat, againMs, refreshMs } }: VrrpSettings): string[] {
  return [
    `garp_master_repeat ${repeat}`,
    `garp_master_delay ${Math.round(againMs / 1000)}`,
    ...(refreshMs === 0 ? [] : [`garp_master_refresh ${Math.round(refreshMs / 1000)}`]),
  ];
}

function unicast(vip: string, { ownName, peers }: VrrpSettings): string[] {
  const addressOf = (peer: (typeof peers)[number]) => (vip.includes(':') ? peer.address6 : peer.address);
  const own = peers.filter(({ name }) => name === ownName).flatMap((peer) => addressOf(peer) ?? []);
  const others = peers.filter(({ name }) => name !== ownName).flatMap((peer) => addressOf(peer) ?? []);
  return [
    ...own.map((source) => `unicast_src_ip ${source}`),
    // Without others it would speak multicast.
    ...(others.length === 0 ? ['unicast_fault_no_peer'] : block('unicast_peer', others)),
  ];
}

function block(head: string, lines: readonly string[]): string[] {
  return [`${head} {`, ...lines.map((line) => `    ${line}`), '}'];
}

function quoted(text: string): string {
  return `"${text}"`;
}

function seconds(ms: number): string {
  return String(ms / 1000);
}
