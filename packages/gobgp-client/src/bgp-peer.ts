import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { families } from './bgp-path.js';
import { GobgpError } from './gobgp-error.js';

/** A router to speak with, about both families, whatever the session runs over. Times are told in whole seconds. */
export interface BgpPeer {
  readonly address: string;
  readonly asn: number;
  /** TCP port; default 179. */
  readonly port?: number;
  /** At least 3 s (RFC 4271, section 4.2); default 90 s. */
  readonly holdTimeMs?: number;
  /** Default a third of the hold time. */
  readonly keepaliveMs?: number;
  /** Between two calls; default 5 s, which is also the least that gobgpd does. */
  readonly connectRetryMs?: number;
  /** TCP MD5 signature (RFC 2385), up to 80 bytes. */
  readonly password?: string;
  /** TTL of the session, for an eBGP peer that is not on this link. */
  readonly multihopTtl?: number;
  readonly localAddress?: string;
  /** Wait for the peer to connect. */
  readonly passive?: boolean;
  /** How long the peer is to keep routes while this speaker restarts; absent: not at all. At most 4095 s. */
  readonly gracefulRestartMs?: number;
}

/** A peer with its defaults written out. */
export type CompletePeer = BgpPeer &
  Required<Pick<BgpPeer, 'port' | 'holdTimeMs' | 'keepaliveMs' | 'connectRetryMs' | 'passive'>>;

/** apipb.Peer, as far as its settings are read. */
export interface PeerSettingsMessage {
  readonly conf: { readonly neighborAddress: string; readonly peerAsn: number; readonly authPassword: string };
  readonly timers: {
    readonly config: { readonly holdTime: number; readonly keepaliveInterval: number; readonly connectRetry: number };
  };
  readonly transport: { readonly localAddress: string; readonly passiveMode: boolean; readonly remotePort: number };
  readonly ebgpMultihop: { readonly enabled: boolean; readonly multihopTtl: number } | null;
  readonly gracefulRestart: { readonly enabled: boolean; readonly restartTime: number } | null;
}

const DEFAULT_PORT = 179;
/** gobgpd's own (internal/pkg/config/default.go). */
const DEFAULT_HOLD_TIME_MS = 90_000;
/** minConnectRetryInterval of gobgpd's fsm.go; its default of 120 s would keep a node silent for minutes. */
const DEFAULT_CONNECT_RETRY_MS = 5_000;
/** RFC 4724, section 3: 12 bits. */
const RESTART_SECONDS_MAX = 4095;
/** TCP_MD5SIG_MAXKEYLEN of linux/tcp.h. */
const PASSWORD_BYTES_MAX = 80;
/** A restarted gobgpd waits this long for its peers' routes before it tells its own. It wants none of them. */
export const RESTART_DEFERRAL_SECONDS = 1;

const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));
const wholeSeconds = (ms: number) => seconds(ms) * 1000;

/**
 * The peer as gobgpd will have it: defaults written out, whole seconds, the address in its shortest form.
 * @throws {GobgpError} PEER_INVALID naming the setting, its value and what would be right
 */
export function completePeer(peer: BgpPeer): CompletePeer {
  const { address, multihopTtl, gracefulRestartMs, ...same } = peer;
  check(isIP(address) !== 0, peer, `its address "${address}" is not an IP address`);
  requireNumber(peer, 'AS number', peer.asn, 1, 0xffffffff);
  const holdTimeMs = wholeSeconds(
    requireNumber(peer, 'hold time in ms', peer.holdTimeMs ?? DEFAULT_HOLD_TIME_MS, 3_000, 65_535_000),
  );
  const keepaliveMs = peer.keepaliveMs ?? Math.floor(holdTimeMs / 3000) * 1000;
  requireNumber(peer, 'keepalive interval in ms', keepaliveMs, 1, holdTimeMs);
  if (multihopTtl !== undefined) requireNumber(peer, 'multihop TTL', multihopTtl, 1, 255);
  if (gracefulRestartMs !== undefined) {
    requireNumber(peer, 'graceful restart time in ms', gracefulRestartMs, 1, RESTART_SECONDS_MAX * 1000);
  }
  if (peer.localAddress !== undefined) {
    const isSameFamily = isIP(peer.localAddress) === isIP(address);
    check(isSameFamily, peer, `its local address "${peer.localAddress}" is not of the family of its address`);
  }
  const passwordBytes = Buffer.byteLength(peer.password ?? '-');
  check(
    passwordBytes >= 1 && passwordBytes <= PASSWORD_BYTES_MAX,
    peer,
    `its password has ${passwordBytes} bytes, not 1 to ${PASSWORD_BYTES_MAX}`,
  );
  return {
    ...same,
    address: ipaddr.parse(address).toString(),
    port: requireNumber(peer, 'port', peer.port ?? DEFAULT_PORT, 1, 0xffff),
    holdTimeMs,
    keepaliveMs: wholeSeconds(keepaliveMs),
    connectRetryMs: wholeSeconds(
      requireNumber(peer, 'connect retry time in ms', peer.connectRetryMs ?? DEFAULT_CONNECT_RETRY_MS, 1, 65_535_000),
    ),
    passive: peer.passive ?? false,
    ...(multihopTtl === undefined ? {} : { multihopTtl }),
    ...(gracefulRestartMs === undefined ? {} : { gracefulRestartMs: wholeSeconds(gracefulRestartMs) }),
  };
}

/**
 * apipb.Peer for AddPeer and UpdatePeer.
 * @throws {GobgpError} PEER_INVALID
 */
export function encodePeer(settings: BgpPeer): object {
  const peer = completePeer(settings);
  const restart = peer.gracefulRestartMs;
  return {
    conf: { neighborAddress: peer.address, peerAsn: peer.asn, authPassword: peer.password ?? '' },
    timers: {
      config: {
        holdTime: seconds(peer.holdTimeMs),
        keepaliveInterval: seconds(peer.keepaliveMs),
        connectRetry: seconds(peer.connectRetryMs),
      },
    },
    transport: { localAddress: peer.localAddress ?? '', passiveMode: peer.passive, remotePort: peer.port },
    ...(peer.multihopTtl === undefined ? {} : { ebgpMultihop: { enabled: true, multihopTtl: peer.multihopTtl } }),
    ...(restart === undefined ? {} : { gracefulRestart: encodeGracefulRestart(restart) }),
    afiSafis: Object.values(families).map((family) => ({
      config: { family, enabled: true },
      mpGracefulRestart: { config: { enabled: restart !== undefined } },
    })),
  };
}

/** apipb.GracefulRestart. */
export function encodeGracefulRestart(restartTimeMs: number): object {
  return { enabled: true, restartTime: seconds(restartTimeMs), deferralTime: RESTART_DEFERRAL_SECONDS };
}

/** What {@link encodePeer} wrote. The local address is the one in use while there is a session. */
export function decodePeer({
  conf,
  timers,
  transport,
  ebgpMultihop,
  gracefulRestart,
}: PeerSettingsMessage): CompletePeer {
  const hasLocalAddress = !['', '0.0.0.0', '::'].includes(transport.localAddress);
  return {
    address: conf.neighborAddress,
    asn: conf.peerAsn,
    port: transport.remotePort === 0 ? DEFAULT_PORT : transport.remotePort,
    holdTimeMs: timers.config.holdTime * 1000,
    keepaliveMs: timers.config.keepaliveInterval * 1000,
    connectRetryMs: timers.config.connectRetry * 1000,
    passive: transport.passiveMode,
    ...(conf.authPassword === '' ? {} : { password: conf.authPassword }),
    ...(ebgpMultihop?.enabled ? { multihopTtl: ebgpMultihop.multihopTtl } : {}),
    ...(hasLocalAddress ? { localAddress: transport.localAddress } : {}),
    ...(gracefulRestart?.enabled ? { gracefulRestartMs: gracefulRestart.restartTime * 1000 } : {}),
  };
}

function requireNumber(peer: BgpPeer, name: string, value: number, min: number, max: number): number {
  check(Number.isFinite(value) && value >= min && value <= max, peer, `its ${name} is ${value}, not ${min} to ${max}`);
  return value;
}

function check(isSo: boolean, { address }: BgpPeer, problem: string): void {
  if (!isSo) throw new GobgpError('PEER_INVALID', `BGP peer ${address}: ${problem}`, { details: { address } });
}
