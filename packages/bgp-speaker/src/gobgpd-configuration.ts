import type { BgpPeer } from '@weir/gobgp-client';

/** What a gobgpd is started with. */
export interface GobgpdSettings {
  readonly asn: number;
  readonly routerId: string;
  /** -1: do not listen. */
  readonly listenPort: number;
  readonly peers: readonly BgpPeer[];
  /** How long peers are to keep routes while gobgpd restarts; absent: not at all. */
  readonly gracefulRestartMs?: number;
}

/** After a session broke, gobgpd tries again this soon, in seconds. */
const IDLE_HOLD_SECONDS = 1;
/** A restarted gobgpd waits this long for its peers' routes before it tells its own, in seconds. It wants none of them. */
const DEFERRAL_SECONDS = 1;

const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));

/**
 * The configuration file of a gobgpd, as JSON (`gobgpd -t json -f FILE`): identity and peers. Paths are not in it; they
 * are told over the API.
 */
export function gobgpdConfiguration(settings: GobgpdSettings): string {
  const restart = settings.gracefulRestartMs;
  const restartConfig = restart === undefined ? {} : gracefulRestart(seconds(restart));
  const configuration = {
    global: {
      config: { as: settings.asn, 'router-id': settings.routerId, port: settings.listenPort },
      ...restartConfig,
    },
    neighbors: settings.peers.map((peer) => ({
      ...neighbour(peer),
      ...restartConfig,
      'afi-safis': families(restart !== undefined),
    })),
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

function neighbour(peer: BgpPeer): object {
  return {
    config: {
      'neighbor-address': peer.address,
      'peer-as': peer.asn,
      ...(peer.password === undefined ? {} : { 'auth-password': peer.password }),
    },
    timers: {
      config: {
        ...(peer.holdTimeMs === undefined ? {} : { 'hold-time': seconds(peer.holdTimeMs) }),
        ...(peer.keepaliveMs === undefined ? {} : { 'keepalive-interval': seconds(peer.keepaliveMs) }),
        ...(peer.connectRetryMs === undefined ? {} : { 'connect-retry': seconds(peer.connectRetryMs) }),
        'idle-hold-time-after-reset': IDLE_HOLD_SECONDS,
      },
    },
    transport: {
      config: {
        'remote-port': peer.port ?? 179,
        'passive-mode': peer.passive ?? false,
        ...(peer.localAddress === undefined ? {} : { 'local-address': peer.localAddress }),
      },
    },
    ...(peer.multihopTtl === undefined
      ? {}
      : { 'ebgp-multihop': { config: { enabled: true, 'multihop-ttl': peer.multihopTtl } } }),
  };
}

function gracefulRestart(restartSeconds: number): object {
  return {
    'graceful-restart': {
      config: { enabled: true, 'restart-time': restartSeconds, 'deferral-time': DEFERRAL_SECONDS },
    },
  };
}

function families(restarts: boolean): object[] {
  return ['ipv4-unicast', 'ipv6-unicast'].map((name) => ({
    config: { 'afi-safi-name': name },
    ...(restarts ? { 'mp-graceful-restart': { config: { enabled: true } } } : {}),
  }));
}
