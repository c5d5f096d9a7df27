import type { Lose } from '../ipvsadm/placed-service.js';
import type { Statement } from './block.js';

/** Keywords of a block by what becomes of them. */
export interface BlockKeywords {
  /** Those that are carried over, and those that weir.yaml needs no word for. */
  readonly known: readonly string[];
  /** What else there is, and what to do instead. */
  readonly lost: Readonly<Record<string, string>>;
}

const script = 'Weir runs no scripts on changes; follow them in the log or in the metrics';
const mail = 'Weir sends no mail; let alerts be made of its metrics';
const ownAddress = "probes come from the node's own address, on the way that packets take";

const inherited = ['delay_loop', 'retry', 'connect_timeout', 'delay_before_retry', 'virtualhost'];
const shared: Readonly<Record<string, string>> = {
  alpha:
    'what a node finds at its start is taken as up until probes prove otherwise, and VIPs are announced after the first verdicts',
  warmup: 'probes of many backends spread by themselves',
  smtp_alert: mail,
  inhibit_on_failure: 'a backend that is down takes no new flows and keeps those that it has, always',
};

const virtualServer: BlockKeywords = {
  known: [
    ...inherited,
    ...['lvs_sched', 'lb_algo', 'lvs_method', 'lb_kind', 'persistence_timeout', 'persistence_granularity'],
    ...['persistence_engine', 'protocol', 'ops', 'sorry_server', 'real_server', 'weight', 'snmp_name', 'ip_family'],
    ...['flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'],
  ],
  lost: {
    ...shared,
    omega: 'a node that stops withdraws its VIPs first, always',
    quorum: 'a service goes on while one backend is healthy; fallback serves when none is',
    hysteresis: 'a service goes on while one backend is healthy; fallback serves when none is',
    quorum_up: script,
    quorum_down: script,
    ha_suspend: 'all nodes probe backends, whichever has the VIP, so that any can take it',
    sorry_server_inhibit: 'a fallback takes flows only while no other backend can',
    sorry_server_lvs_method: 'a fallback is reached by the method of the service',
  },
};

const realServer: BlockKeywords = {
  known: [
    ...inherited,
    ...['weight', 'uthreshold', 'lthreshold', 'lvs_method', 'lb_kind', 'snmp_name'],
    ...['TCP_CHECK', 'HTTP_GET', 'SSL_GET', 'DNS_CHECK', 'SMTP_CHECK', 'MISC_CHECK', 'UDP_CHECK', 'PING_CHECK'],
    ...['BFD_CHECK', 'FILE_CHECK'],
  ],
  lost: { ...shared, notify_up: script, notify_down: script },
};

const check: BlockKeywords = {
  known: [
    ...inherited,
    ...['connect_port', 'log_all_failures', 'url', 'nb_get_retry', 'http_protocol', 'enable_sni', 'fast_recovery'],
    ...['type', 'name', 'helo_name', 'host', 'misc_path', 'misc_timeout', 'connect_ip'],
  ],
  lost: {
    ...shared,
    bindto: ownAddress,
    bind_to: ownAddress,
    bind_if: ownAddress,
    bind_port: ownAddress,
    fwmark: ownAddress,
    misc_dynamic: 'a program says whether a backend is up; let it set weights by the admin API, as weirctl does',
    user: 'programs run as lb-node does; let the program begin with setpriv or runuser',
    payload: 'a program as kind: script can send it',
    require_reply: 'a program as kind: script can wait for it',
    min_reply_length: 'a program as kind: script can look at it',
    max_reply_length: 'a program as kind: script can look at it',
  },
};

const url: BlockKeywords = {
  known: ['path', 'status_code', 'virtualhost', 'regex', 'regex_no_match'],
  lost: {
    digest: 'a body is not hashed; give healthCheck.body a text that it contains',
    regex_options: 'a body is searched for a text, as it is written',
    regex_stack: 'a body is searched for a text',
    regex_min_offset: 'a body is searched for a text, in its first 64 KiB',
    regex_max_offset: 'a body is searched for a text, in its first 64 KiB',
    tls_compliant: 'has no place in weir.yaml',
  },
};

const vrrpInstance: BlockKeywords = {
  known: [
    ...['interface', 'virtual_router_id', 'virtual_ipaddress', 'virtual_ipaddress_excluded', 'advert_int', 'nopreempt'],
    ...[
      'preempt',
      'preempt_delay',
      'unicast_peer',
      'unicast_src_ip',
      'state',
      'priority',
      'version',
      'garp_master_delay',
    ],
    ...['garp_master_repeat', 'garp_master_refresh', 'native_ipv6', 'accept', 'no_accept', 'dont_track_primary'],
  ],
  lost: {
    authentication: 'VRRP version 3 has none (RFC 5798); keep strangers out of the network',
    smtp_alert: mail,
    notify: script,
    notify_master: script,
    notify_backup: script,
    notify_fault: script,
    notify_stop: script,
    track_script: 'a node holds a VIP while a backend of it can be used',
    track_interface: 'a node holds a VIP while a backend of it can be used',
    track_process: 'a node holds a VIP while a backend of it can be used',
    track_file: 'a node holds a VIP while a backend of it can be used',
    virtual_routes: 'routes are of the system; set them where its network is set up',
    virtual_rules: 'rules are of the system; set them where its network is set up',
    lvs_sync_daemon_interface: 'nodes share flows by state.store (docs/connection-state.md), not by multicast',
    use_vmac: 'VIPs move by gratuitous ARP and neighbour advertisements',
    mcast_src_ip: 'adverts come from the address of the interface',
  },
};

export const keywordsOf = { virtualServer, realServer, check, url, vrrpInstance } as const;

/** Tells of each keyword in a block that has no place in weir.yaml. */
export function loseKeywords(block: readonly Statement[], { known, lost }: BlockKeywords, lose: Lose): void {
  for (const { place, keyword, values } of block) {
    if (known.includes(keyword)) continue;
    // quorum 1 is what Weir does, and so is no hysteresis.
    if ((keyword === 'quorum' && values[0] === '1') || (keyword === 'hysteresis' && values[0] === '0')) continue;
    lose(place, `${[keyword, ...values].join(' ')}: ${lost[keyword] ?? 'is not known here; left out'}`);
  }
}
