import { hasBytes } from './decoded.js';

/** Bytes of an image. */
export const FLOW_IMAGE_BYTES = 80;

/** struct flow_image of packages/dataplane/bpf/lib/tables.h: offsets in bytes. Ports in network order; IPv4 in the first four bytes of an address. */
export const FlowImageField = {
  family: 0,
  protocol: 1,
  state: 2,
  kind: 3,
  service: 4,
  clientPort: 8,
  vipPort: 10,
  backendPort: 12,
  localPort: 14,
  client: 16,
  vip: 32,
  backend: 48,
  local: 64,
} as const;

/** What is done to a flow's packets: nothing but to send them to a backend, or addresses are translated. */
export const flowKinds = ['plain', 'nat', 'fullnat'] as const;
export type FlowKind = (typeof flowKinds)[number];

/** By number; 0 is none. docs/packet-path.md, section 3, "States". */
export const flowImageStates = [
  'none',
  'syn',
  'established',
  'fin_by_client',
  'fin_by_server',
  'close',
  'datagram',
  'other',
] as const;
export type FlowImageState = (typeof flowImageStates)[number];

const KIND = 0x03;
/** Beside the kind: the backend has an IPv6 address. Tunnels cross families. */
const BACKEND_IS_IPV6 = 0x80;

/** An address, 4 or 16 bytes in network order, and a port in host order, 0 where there is none. */
export interface FlowEnd {
  readonly address: Uint8Array;
  readonly port: number;
}

/** A flow, and what was decided for it: all that another node needs to go on with it. */
export interface FlowImage {
  readonly protocol: number;
  readonly state: FlowImageState;
  readonly kind: FlowKind;
  /** Of the service: 32 bits, equal on all nodes. */
  readonly service: number;
  readonly client: FlowEnd;
  readonly vip: FlowEnd;
  /** nat, fullnat: where packets go. Plain: its port is the one that the backend is configured with, 0 if none. */
  readonly backend: FlowEnd;
  /** fullnat: where packets to the backend come from. */
  readonly local?: FlowEnd;
}

/**
 * The form in which flows travel between data plane, daemon and store: 100,000s a second, so no object is made for one.
 *
 * @param at  where to write {@link FLOW_IMAGE_BYTES}
 */
export function encodeFlowImage(flow: FlowImage, into: Uint8Array, at = 0): void {
  const view = new DataView(into.buffer, into.byteOffset + at, FLOW_IMAGE_BYTES);
  into.fill(0, at, at + FLOW_IMAGE_BYTES);
  const isIpv6 = flow.backend.address.byteLength === 16;
  view.setUint8(FlowImageField.family, flow.client.address.byteLength === 16 ? 6 : 4);
  view.setUint8(FlowImageField.protocol, flow.protocol);
  view.setUint8(FlowImageField.state, flowImageStates.indexOf(flow.state));
  view.setUint8(FlowImageField.kind, flowKinds.indexOf(flow.kind) | (isIpv6 ? BACKEND_IS_IPV6 : 0));
  view.setUint32(FlowImageField.service, flow.service, true);
  const ends = [
    [flow.client, FlowImageField.client, FlowImageField.clientPort],
    [flow.vip, FlowImageField.vip, FlowImageField.vipPort],
    [flow.backend, FlowImageField.backend, FlowImageField.backendPort],
    [flow.local, FlowImageField.local, FlowImageField.localPort],
  ] as const;
  for (const [end, address, port] of ends) {
    if (end === undefined) continue;
    into.set(end.address, at + address);
    view.setUint16(port, end.port);
  }
}

/** Undefined: these bytes are no image. */
export function decodeFlowImage(bytes: Uint8Array, at = 0): FlowImage | undefined {
  if (!hasBytes(bytes, at, FLOW_IMAGE_BYTES)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, FLOW_IMAGE_BYTES);
  const family = view.getUint8(FlowImageField.family);
  const state = flowImageStates[view.getUint8(FlowImageField.state)];
  const flags = view.getUint8(FlowImageField.kind);
  const kind = flowKinds[flags & KIND];
  if ((family !== 4 && family !== 6) || state === undefined || kind === undefined) return undefined;
  const end = (address: number, port: number, length: number): FlowEnd => ({
    address: bytes.slice(at + address, at + address + length),
    port: view.getUint16(port),
  });
  const length = family === 6 ? 16 : 4;
  return {
    protocol: view.getUint8(FlowImageField.protocol),
    state,
    kind,
    service: view.getUint32(FlowImageField.service, true),
    client: end(FlowImageField.client, FlowImageField.clientPort, length),
    vip: end(FlowImageField.vip, FlowImageField.vipPort, length),
    backend: end(FlowImageField.backend, FlowImageField.backendPort, (flags & BACKEND_IS_IPV6) !== 0 ? 16 : 4),
    ...(kind === 'fullnat' ? { local: end(FlowImageField.local, FlowImageField.localPort, length) } : {}),
  };
}
