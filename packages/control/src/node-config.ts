import { hostname } from 'node:os';
import { type AdminConfig, adminConfigOf } from './admin-config.js';
import type { AnnounceConfig } from './announce-config.js';
import { backupRouteOf } from './backup-route.js';
import type { EtcdConfig } from './cluster-config.js';
import { etcdConfigOf } from './etcd-config.js';
import { type KubernetesConfig, kubernetesConfigOf } from './kubernetes/kubernetes-config.js';
import { ownPool } from './local-pools.js';
import type { NodeDocument } from './node-schema.js';
import { type NodesConfig, nodesConfigOf } from './nodes-config.js';
import { deepFreeze, definedOf } from './plain-values.js';
import { type ServiceConfig, serviceConfigOf } from './service-config.js';
import { type StateConfig, stateConfigOf } from './state-config.js';
import { type VrrpConfig, vrrpConfigOf } from './vrrp-config.js';

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
  /** How long routes are announced with GRACEFUL_SHUTDOWN before they are withdrawn; 0: not at all. */
  readonly gracefulShutdownMs: number;
  /** Absent: no limit. */
  readonly maxVips?: number;
  /** Absolute path. */
  readonly overridesFile: string;
  readonly peers: readonly PeerConfig[];
  readonly announce: AnnounceConfig;
  /** Attributes of routes to the local addresses of other nodes. Absent: no local addresses are announced, the own neither. */
  readonly backupPools?: AnnounceConfig;
}

/** After how long without a packet a flow is forgotten, in ms. */
export interface TimeoutsConfig {
  readonly tcpSynMs: number;
  /** Established. */
  readonly tcpMs: number;
  readonly tcpFinMs: number;
  readonly tcpCloseMs: number;
  readonly udpMs: number;
  readonly otherMs: number;
  readonly fragmentMs: number;
}

/** What one node should be: `weir.yaml`, checked, with every default in place. Frozen. */
export interface NodeConfig {
  readonly node: {
    readonly name: string;
    readonly interfaces: readonly string[];
    readonly address?: string;
    readonly address6?: string;
    /** fullnat: what packets to backends come from; of both families. */
    readonly localAddresses: readonly string[];
    /** What operators want of it. `draining`: it announces no VIP, and forwards what still comes. */
    readonly wantedState: 'active' | 'draining';
  };
  /** What a rollout wants of this node, in etcd's `node-states`; never in weir.yaml. */
  readonly rollout?: {
    /** `ROLLOUT/STEP`, to be repeated in the node's condition once the rest of this is in force. */
    readonly step?: string;
    /** The daemon that has this instance ends itself, to be started again; any other pays no heed. */
    readonly restartInstance?: string;
  };
  readonly dataplane: {
    readonly engine: 'xdp' | 'portable';
    readonly mode: 'auto' | 'native' | 'generic';
    readonly pinDirectory: string;
    readonly maxServices: number;
    readonly maxBackends: number;
    /** Services with second chance. */
    readonly maxSecondChance: number;
    readonly maxFlows: number;
    /** Flows of nat and fullnat among them; the portable engine, which takes no memory for them beforehand, has no limit of its own. */
    readonly maxTranslatedFlows?: number | undefined;
    readonly tableRows: number;
    /** 64 bits. */
    readonly hashSeed: bigint;
    readonly timeouts: TimeoutsConfig;
  };
  readonly guard: {
    /** Networks in canonical CIDR text. */
    readonly deny: readonly string[];
    readonly allow: readonly string[];
    /** 0: no limit. */
    readonly newFlowsPerSecond: number;
    /** 0: no limit. */
    readonly newFlowsPerSource: number;
  };
  /** Absent, and `vrrp` too: nothing is announced. */
  readonly bgp?: BgpConfig;
  /** Instead of `bgp`. */
  readonly vrrp?: VrrpConfig;
  /** Absent: this node alone has the state of the flows that reach it. */
  readonly nodes?: NodesConfig;
  /** Absent: flows are not shared. */
  readonly state?: StateConfig;
  /** Absent: the file alone says what is. */
  readonly etcd?: EtcdConfig;
  /** Absent: no Services of Kubernetes are served. */
  readonly kubernetes?: KubernetesConfig;
  /** Absent: none are served. */
  readonly metrics?: NonNullable<NodeDocument['metrics']>;
  readonly admin: AdminConfig;
  readonly runtimeDirectory: string;
  readonly shutdown: { readonly drainMs: number };
  readonly log: NodeDocument['log'];
  readonly services: readonly ServiceConfig[];
}

/** Fills in what depends on other values, and gives numbers their units. */
export function nodeConfigOf(document: NodeDocument): NodeConfig {
  const {
    node,
    dataplane,
    guard,
    bgp,
    vrrp,
    nodes,
    state,
    runtimeDirectory,
    shutdown,
    log,
    etcd,
    kubernetes,
    metrics,
    admin,
    services = [],
  } = document;
  const hashSeed = BigInt(dataplane.hashSeed);
  const localAddresses = ownPool(node, nodes).addresses;
  const { state: wantedState, ...ofNode } = node;
  const defaults = { tableRows: dataplane.tableRows, hashSeed, announce: definedOf(bgp?.announce ?? {}) };
  return deepFreeze<NodeConfig>({
    node: {
      ...(definedOf(ofNode) as Omit<NodeConfig['node'], 'wantedState'>),
      name: node.name ?? hostname(),
      localAddresses,
      wantedState,
    },
    dataplane: {
      ...dataplane,
      hashSeed,
      timeouts: timeoutsConfigOf(dataplane.timeouts),
    },
    guard,
    ...(bgp === undefined ? {} : { bgp: bgpConfigOf(bgp, node.address, state?.store === 'redis') }),
    ...(vrrp === undefined ? {} : { vrrp: vrrpConfigOf(vrrp, { node, nodes, hostName: hostname() }) }),
    ...(nodes === undefined ? {} : { nodes: nodesConfigOf(nodes, hashSeed, node) }),
    ...(state === undefined ? {} : { state: stateConfigOf(state) }),
    ...(etcd === undefined ? {} : { etcd: etcdConfigOf(etcd) }),
    ...(kubernetes === undefined ? {} : { kubernetes: kubernetesConfigOf(kubernetes) }),
    ...(metrics === undefined ? {} : { metrics }),
    admin: adminConfigOf(admin, runtimeDirectory),
    runtimeDirectory,
    shutdown: { drainMs: shutdown.drain },
    log,
    services: services.map((service, i) => serviceConfigOf(service, i, defaults)),
  });
}

function bgpConfigOf(
  bgp: NonNullable<NodeDocument['bgp']>,
  nodeAddress: string | undefined,
  isShared: boolean,
): BgpConfig {
  const { gobgpd, gracefulRestart, gracefulShutdown, maxVips, peers, announce, announcePools = isShared } = bgp;
  return {
    asn: bgp.asn,
    routerId: bgp.routerId ?? (nodeAddress as string),
    listenPort: bgp.listenPort,
    gobgpd: { run: gobgpd.run, apiAddress: gobgpd.api, command: gobgpd.command },
    gracefulRestart:
      gracefulRestart === 'off'
        ? { enabled: false, restartTimeMs: 0 }
        : { enabled: true, restartTimeMs: gracefulRestart },
    gracefulShutdownMs: gracefulShutdown === 'off' ? 0 : gracefulShutdown,
    ...(maxVips === undefined ? {} : { maxVips }),
    overridesFile: bgp.overridesFile,
    peers: peers.map(({ holdTime, keepalive, connectRetry, multihop, ...peer }) => ({
      ...(definedOf(peer) as Pick<PeerConfig, 'address' | 'asn' | 'port' | 'passive'>),
      holdTimeMs: holdTime,
      keepaliveMs: keepalive ?? Math.floor(holdTime / 3000) * 1000,
      connectRetryMs: connectRetry,
      ...(multihop === undefined ? {} : { multihopTtl: multihop }),
    })),
    announce: definedOf(announce),
    ...(announcePools ? { backupPools: backupRouteOf(bgp) } : {}),
  };
}

function timeoutsConfigOf(timeouts: NodeDocument['dataplane']['timeouts']): TimeoutsConfig {
  return {
    tcpSynMs: timeouts.tcpSyn,
    tcpMs: timeouts.tcp,
    tcpFinMs: timeouts.tcpFin,
    tcpCloseMs: timeouts.tcpClose,
    udpMs: timeouts.udp,
    otherMs: timeouts.other,
    fragmentMs: timeouts.fragment,
  };
}
