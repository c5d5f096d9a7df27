import { hostname } from 'node:os';
import type { NodeDocument } from './node-schema.js';

/** Attributes of a route as it is announced. */
export interface AnnounceConfig {
  readonly communities?: readonly string[];
  readonly med?: number;
  readonly prepend?: number;
  readonly localPreference?: number;
  /** IPv4 next hop. */
  readonly nextHop?: string;
  /** IPv6 next hop. */
  readonly nextHop6?: string;
}

export interface PeerConfig {
  readonly address: string;
  readonly asn: number;
  readonly port: number;
  readonly holdTimeMs: number;
  readonly keepaliveMs: number;
  readonly connectRetryMs: number;
  readonly password?: string;
  /** TTL of the session, where the peer is not on this link. */
  readonly multihopTtl?: number;
  readonly localAddress?: string;
  readonly passive: boolean;
}

export interface BgpConfig {
  readonly asn: number;
  readonly routerId: string;
  /** -1: gobgpd does not listen. */
  readonly listenPort: number;
  readonly gobgpd: { readonly run: 'child' | 'external'; readonly apiAddress: string; readonly command: string };
  readonly gracefulRestart: { readonly enabled: boolean; readonly restartTimeMs: number };
  readonly peers: readonly PeerConfig[];
  readonly announce: AnnounceConfig;
}

export interface BackendConfig {
  readonly name: string;
  /** Canonical text. */
  readonly address: string;
  /** 0: no new flows. */
  readonly weight: number;
}

export interface ServiceConfig {
  readonly name: string;
  /** Canonical text. */
  readonly vip: string;
  readonly protocol: 'tcp' | 'udp';
  readonly port: number | 'all';
  readonly method: 'ipip' | 'gue';
  readonly guePort: number;
  readonly scheduler: 'mh';
  readonly tableRows: number;
  /** The service's own attributes over those of `bgp.announce`. */
  readonly announce: AnnounceConfig;
  readonly backends: readonly BackendConfig[];
}

/** What one node should be: `weir.yaml`, checked, with every default in place. Frozen. */
export interface NodeConfig {
  readonly node: {
    readonly name: string;
    readonly interfaces: readonly string[];
    readonly address?: string;
    readonly address6?: string;
  };
  readonly dataplane: {
    readonly mode: 'auto' | 'native' | 'generic';
    readonly pinDirectory: string;
    readonly maxServices: number;
    readonly maxBackends: number;
    readonly tableRows: number;
    /** 64 bits. */
    readonly hashSeed: bigint;
  };
  /** Absent: nothing is announced. */
  readonly bgp?: BgpConfig;
  readonly runtimeDirectory: string;
  readonly shutdown: { readonly drainMs: number };
  readonly log: NodeDocument['log'];
  readonly services: readonly ServiceConfig[];
}

/** IANA's port for GUE. */
const GUE_PORT = 6080;

/** Fills in what depends on other values, and gives numbers their units. */
export function nodeConfigOf(document: NodeDocument): NodeConfig {
  const { node, dataplane, bgp, runtimeDirectory, shutdown, log, services } = document;
  return deepFreeze<NodeConfig>({
    node: { name: node.name ?? hostname(), ...definedOf({ ...node, name: undefined }) } as NodeConfig['node'],
    dataplane: { ...dataplane, hashSeed: BigInt(dataplane.hashSeed) },
    ...(bgp === undefined ? {} : { bgp: bgpConfigOf(bgp, node.address) }),
    runtimeDirectory,
    shutdown: { drainMs: shutdown.drain },
    log,
    services: services.map((service) => serviceConfigOf(service, document)),
  });
}

function bgpConfigOf(bgp: NonNullable<NodeDocument['bgp']>, nodeAddress: string | undefined): BgpConfig {
  const { gobgpd, gracefulRestart, peers, announce } = bgp;
  return {
    asn: bgp.asn,
    routerId: bgp.routerId ?? (nodeAddress as string),
    listenPort: bgp.listenPort,
    gobgpd: { run: gobgpd.run, apiAddress: gobgpd.api, command: gobgpd.command },
    gracefulRestart:
      gracefulRestart === 'off'
        ? { enabled: false, restartTimeMs: 0 }
        : { enabled: true, restartTimeMs: gracefulRestart },
    peers: peers.map(({ holdTime, keepalive, connectRetry, multihop, ...peer }) => ({
      ...(definedOf(peer) as Pick<PeerConfig, 'address' | 'asn' | 'port' | 'passive'>),
      holdTimeMs: holdTime,
      keepaliveMs: keepalive ?? Math.floor(holdTime / 3000) * 1000,
      connectRetryMs: connectRetry,
      ...(multihop === undefined ? {} : { multihopTtl: multihop }),
    })),
    announce: definedOf(announce),
  };
}

function serviceConfigOf(service: NodeDocument['services'][number], document: NodeDocument): ServiceConfig {
  return {
    ...service,
    guePort: service.guePort ?? GUE_PORT,
    tableRows: service.tableRows ?? document.dataplane.tableRows,
    announce: { ...definedOf(document.bgp?.announce ?? {}), ...definedOf(service.announce) },
    backends: service.backends.map(({ name, address, weight }) => ({ name: name ?? address, address, weight })),
  };
}

/** Without the keys whose value is undefined. */
function definedOf<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
