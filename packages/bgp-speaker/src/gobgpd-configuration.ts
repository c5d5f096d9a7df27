import { isDeepStrictEqual } from 'node:util';
import { type CompletePeer, RESTART_DEFERRAL_SECONDS } from '@weir/gobgp-client';

/** What a gobgpd is started with. */
export interface GobgpdSettings {
  readonly asn: number;
  readonly routerId: string;
  /** -1: do not listen. */
  readonly listenPort: number;
  /** With every default written out, so that gobgpd has no other: what it lists is compared with these. */
  readonly peers: readonly CompletePeer[];
  /** How long peers are to keep routes while gobgpd restarts; absent: not at all. */
  readonly gracefulRestartMs?: number;
}

/** After a session broke, gobgpd tries again this soon, in seconds. */
const IDLE_HOLD_SECONDS = 1;

const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));

/**
 * The configuration file of a gobgpd, as JSON (`gobgpd -t json -f FILE`): identity and peers. Paths are not in it; they
 * are told over the API.
 */
export function gobgpdConfiguration(settings: GobgpdSettings): string {
  const configuration = {
    global: {
      config: { as: settings.asn, 'router-id': settings.routerId, port: settings.listenPort },
      ...gracefulRestart(settings),
    },
    neighbors: settings.peers.map((peer) => ({
      ...neighbour(peer),
      ...gracefulRestart(peer),
      'afi-safis': families(peer.gracefulRestartMs !== undefined),
    })),
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

/** Do two configurations differ in nothing but peers? Peers can be changed while gobgpd runs, all else at its start only. */
export function hasSameIdentity(a: string, b: string): boolean {
  return isDeepStrictEqual(identityIn(a), identityIn(b));
}

function identityIn(configuration: string): unknown {
  try {
    return (JSON.parse(configuration) as { global?: unknown }).global;
  } catch {
    return undefined; // half written, or somebody else's
  }
}

function neighbour(peer: CompletePeer): object {
  return {
    config: {
      'neighbor-address': peer.address,
      'peer-as': peer.asn,
      ...(peer.password === undefined ? {} : { 'auth-password': peer.password }),
    },
    timers: {
      config: {
        'hold-time': seconds(peer.holdTimeMs),
        'keepalive-interval': seconds(peer.keepaliveMs),
        'connect-retry': seconds(peer.connectRetryMs),
        'idle-hold-time-after-reset': IDLE_HOLD_SECONDS,
      },
    },
    transport: {
      config: {
        'remote-port': peer.port,
        'passive-mode': peer.passive,
        ...(peer.localAddress === undefined ? {} : { 'local-address': peer.localAddress }),
      },
    },
    ...(peer.multihopTtl === undefined
      ? {}
      : { 'ebgp-multihop': { config: { enabled: true, 'multihop-ttl': peer.multihopTtl } } }),
  };
}

function gracefulRestart({ gracefulRestartMs: timeMs }: { readonly gracefulRestartMs?: number }): object {
  if (timeMs === undefined) return {};
  const config = { enabled: true, 'restart-time': seconds(timeMs), 'deferral-time': RESTART_DEFERRAL_SECONDS };
  return { 'graceful-restart': { config } };
}

function families(restarts: boolean): object[] {
  return ['ipv4-unicast', 'ipv6-unicast'].map((name) => ({
    config: { 'afi-safi-name': name },
    ...(restarts ? { 'mp-graceful-restart': { config: { enabled: true } } } : {}),
  }));
}
