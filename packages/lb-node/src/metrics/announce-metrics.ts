import { allVips } from '../vips.js';
import { labels, type MetricFamily, NO_LABELS } from './metric-family.js';
import type { PageFigures } from './page-figures.js';

/** What the network is told, and by what. */
export const announceMetrics: readonly MetricFamily<PageFigures>[] = [
  {
    name: 'weir_vip_announced',
    type: 'gauge',
    help: '1: this node announces the VIP, with VRRP: can serve it; 0: it does not.',
    write: ({ node }, write) => {
      const announced = new Set(node.announced.map(addressOf));
      for (const vip of allVips(node.config)) write(labels({ vip }), announced.has(vip) ? 1 : 0);
    },
  },
  {
    name: 'weir_vip_override',
    type: 'gauge',
    help: 'Always 1, of each VIP whose announcement operators have turned on or off.',
    write: ({ node }, write) => {
      for (const [vip, override] of node.overrides) write(labels({ vip, override }), 1);
    },
  },
  {
    name: 'weir_routes_announced',
    type: 'gauge',
    help: 'Prefixes that gobgpd was told to announce, VIPs and local addresses.',
    write: ({ node: { speaker } }, write) => {
      if (speaker !== undefined && 'gobgpd' in speaker) write(NO_LABELS, speaker.announced.length);
    },
  },
  {
    name: 'weir_bgp_gobgpd_up',
    type: 'gauge',
    help: '1: gobgpd runs and answers.',
    write: ({ node: { speaker } }, write) => {
      if (speaker !== undefined && 'gobgpd' in speaker) write(NO_LABELS, speaker.gobgpd.kind === 'running' ? 1 : 0);
    },
  },
  {
    name: 'weir_bgp_session_up',
    type: 'gauge',
    help: '1: the session with the configured peer is established. While gobgpd is gone all are 0.',
    write: ({ node: { config, speaker } }, write) => {
      const peers = speaker !== undefined && 'gobgpd' in speaker ? speaker.peers : [];
      for (const { address: peer, asn } of config.bgp?.peers ?? []) {
        const isUp = peers.some(({ address, state }) => address === peer && state === 'established');
        write(labels({ peer, asn }), isUp ? 1 : 0);
      }
    },
  },
  {
    name: 'weir_bgp_session_routes_sent',
    type: 'gauge',
    help: 'Routes that the peer was sent, of all families.',
    write: ({ node: { speaker } }, write) => {
      if (speaker === undefined || !('gobgpd' in speaker)) return;
      for (const { address: peer, asn, advertised } of speaker.peers) write(labels({ peer, asn }), advertised);
    },
  },
  {
    name: 'weir_vrrp_keepalived_up',
    type: 'gauge',
    help: '1: keepalived runs.',
    write: ({ node: { speaker } }, write) => {
      if (speaker !== undefined && 'keepalived' in speaker)
        write(NO_LABELS, speaker.keepalived.kind === 'running' ? 1 : 0);
    },
  },
  {
    name: 'weir_vrrp_vip_held',
    type: 'gauge',
    help: '1: this node has the VIP; 0: it stands by.',
    write: ({ node: { config, speaker } }, write) => {
      if (speaker === undefined || !('keepalived' in speaker)) return;
      for (const vip of allVips(config)) write(labels({ vip }), speaker.held.includes(vip) ? 1 : 0);
    },
  },
];

function addressOf(prefix: string): string {
  return prefix.slice(0, prefix.lastIndexOf('/'));
}
