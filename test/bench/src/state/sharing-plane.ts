import { type ForwardingService, type ForwardingTables, type Sharing, XdpDataplane } from '@weir/dataplane';
import { DEFAULT_TABLE_ROWS } from '@weir/director';
import type { BenchNetwork } from '../dataplane/bench-network.js';
import { tablesFor } from '../dataplane/traffic.js';

/** Why a node has to remember flows, and to share them. */
export const rememberedBy = ['wlc', 'kept rows'] as const;
export type RememberedBy = (typeof rememberedBy)[number];

export interface SharingPlaneOptions {
  readonly remembered: RememberedBy;
  /** Whether flows are told, and unknown ones asked about. */
  readonly isSharing: boolean;
  readonly clock: 'kernel' | 'manual';
}

/** Packets that are measured are never too many. */
const sharing: Sharing = { tellAfterMs: 1000, takeoversPerSecond: 1_000_000_000, datagrams: false, localAddresses: [] };
const FLOWS_MAX = 1_048_576;

/** A data plane with one service, over IPv4 by IPIP, on no interface. */
export async function openSharingPlane(network: BenchNetwork, options: SharingPlaneOptions): Promise<XdpDataplane> {
  const { isSharing, clock } = options;
  const pinDirectory = `/sys/fs/bpf/sharing-${isSharing ? 'on' : 'off'}`;
  XdpDataplane.remove(pinDirectory);
  const plane = XdpDataplane.open({
    interfaces: [],
    mode: 'auto',
    pinDirectory,
    limits: { services: 16, backends: 64, rows: 2 * DEFAULT_TABLE_ROWS, flows: FLOWS_MAX, translatedFlows: 0 },
    clock,
    sharing: isSharing,
  });
  try {
    await plane.apply(await tablesOf(options, network, 0));
  } catch (error) {
    await plane[Symbol.asyncDispose]();
    throw error;
  }
  return plane;
}

/** Flows that a data plane remembers stay when this changes. */
export interface SharingChange {
  readonly remembered: RememberedBy;
  readonly isSharing: boolean;
  /** Whether rows have other backends than at the start: the flows in kept rows are shared only then. */
  readonly hasMoved: boolean;
}

export async function changeSharing(
  plane: XdpDataplane,
  network: BenchNetwork,
  { remembered, isSharing, hasMoved }: SharingChange,
): Promise<void> {
  await plane.apply(await tablesOf({ remembered, isSharing }, network, hasMoved ? 1 : 0));
}

async function tablesOf(
  { remembered, isSharing }: Omit<SharingPlaneOptions, 'clock'>,
  network: BenchNetwork,
  shift: number,
): Promise<ForwardingTables> {
  const tcp = { family: 'ipv4', sent: 'tcp-ack', forwarding: { method: 'ipip' } } as const;
  const tables = await tablesFor({ ...tcp, state: remembered === 'wlc' ? 'known' : 'forgotten' }, network);
  const services = tables.services.map(
    (service): ForwardingService =>
      remembered === 'wlc'
        ? { ...service, scheduling: { pick: 'least', cost: 'wlc' } }
        : {
            ...service,
            rows: Array.from(service.rows, (backend) => (backend + shift) % service.backends.length),
            keptRows: Array.from(service.rows, (_, row) => row),
          },
  );
  return { ...tables, services, ...(isSharing ? { sharing } : {}) };
}
