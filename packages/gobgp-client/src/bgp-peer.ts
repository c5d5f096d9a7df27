import { type AddressFamily, families } from './bgp-path.js';

/** A router to speak with. */
export interface BgpPeer {
  readonly address: string;
  readonly asn: number;
  /** TCP port; default 179. */
  readonly port?: number;
  /** At least 3 s (RFC 4271, section 4.2). */
  readonly holdTimeMs?: number;
  readonly keepaliveMs?: number;
  readonly connectRetryMs?: number;
  /** TCP MD5 signature (RFC 2385). */
  readonly password?: string;
  /** TTL of the session, for an eBGP peer that is not on this link. */
  readonly multihopTtl?: number;
  readonly localAddress?: string;
  /** Wait for the peer to connect. */
  readonly passive?: boolean;
  /** How long the peer is to keep routes while this speaker restarts; absent: not at all. */
  readonly gracefulRestartMs?: number;
}

export type SessionState = 'idle' | 'connect' | 'active' | 'opensent' | 'openconfirm' | 'established' | 'unknown';

/** What gobgpd says of a peer. */
export interface PeerStatus {
  readonly address: string;
  readonly asn: number;
  readonly state: SessionState;
  /** Since when the session is established. */
  readonly since?: Date;
  /** Routes sent to the peer, all families. */
  readonly advertised: number;
  /** Routes of the peer that were accepted, all families. */
  readonly accepted: number;
}

/** apipb.Peer, as far as it is read. */
export interface PeerMessage {
  readonly conf?: { readonly neighborAddress: string; readonly peerAsn: number };
  readonly state?: { readonly neighborAddress: string; readonly peerAsn: number; readonly sessionState: string };
  readonly timers?: { readonly state?: { readonly uptime?: { readonly seconds: number | string } } };
  readonly afiSafis?: readonly { readonly state?: { readonly accepted: number; readonly advertised: number } }[];
}

const allFamilies: readonly AddressFamily[] = ['ipv4', 'ipv6'];
/** After a session broke, gobgpd waits this long before it tries again. */
const IDLE_HOLD_SECONDS = 1;

const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));

/** apipb.Peer for AddPeer; both families over either kind of session. */
export function encodePeer(peer: BgpPeer): object {
  const restarts = peer.gracefulRestartMs !== undefined;
  return {
    conf: { neighborAddress: peer.address, peerAsn: peer.asn, authPassword: peer.password ?? '' },
    timers: {
      config: {
        ...(peer.holdTimeMs === undefined ? {} : { holdTime: seconds(peer.holdTimeMs) }),
        ...(peer.keepaliveMs === undefined ? {} : { keepaliveInterval: seconds(peer.keepaliveMs) }),
        ...(peer.connectRetryMs === undefined ? {} : { connectRetry: seconds(peer.connectRetryMs) }),
        idleHoldTimeAfterReset: IDLE_HOLD_SECONDS,
      },
    },
    transport: {
      localAddress: peer.localAddress ?? '',
      passiveMode: peer.passive ?? false,
      remotePort: peer.port ?? 179,
    },
    ...(peer.multihopTtl === undefined ? {} : { ebgpMultihop: { enabled: true, multihopTtl: peer.multihopTtl } }),
    ...(peer.gracefulRestartMs === undefined
      ? {}
      : { gracefulRestart: { enabled: true, restartTime: seconds(peer.gracefulRestartMs) } }),
    afiSafis: allFamilies.map((family) => ({
      config: { family: families[family], enabled: true },
      mpGracefulRestart: { config: { enabled: restarts } },
    })),
  };
}

export function decodePeerStatus(message: PeerMessage): PeerStatus {
  const uptime = Number(message.timers?.state?.uptime?.seconds ?? 0);
  const state = (message.state?.sessionState ?? 'UNKNOWN').toLowerCase() as SessionState;
  const sum = (of: 'accepted' | 'advertised') =>
    (message.afiSafis ?? []).reduce((total, family) => total + Number(family.state?.[of] ?? 0), 0);
  return {
    address: message.state?.neighborAddress || (message.conf?.neighborAddress ?? ''),
    asn: message.conf?.peerAsn ?? message.state?.peerAsn ?? 0,
    state,
    ...(state === 'established' && uptime > 0 ? { since: new Date(uptime * 1000) } : {}),
    advertised: sum('advertised'),
    accepted: sum('accepted'),
  };
}
