import {
  addressToBytes,
  decodeFlowImage,
  encodeFlowImage,
  FLOW_IMAGE_BYTES,
  type FlowImage,
  FlowImageField,
  flowKinds,
} from '@weir/packet';
import fc from 'fast-check';
import type { ForwardingService, ServiceKey } from '../dataplane.js';
import type { MissedPacket } from '../flow-sharing.js';
import { kindOf } from '../portable/image-of-flow.js';
import { protocolNumbers } from '../portable/transport.js';
import { serviceNumber } from '../service-number.js';
import { clients, local, localOfOthers } from './lab-addresses.js';

/** What somebody says about the flow of a missed packet. */
export type Finding =
  | { readonly kind: 'nobody' }
  /** What was told of the flow, the last time; if it was not, of another one. */
  | { readonly kind: 'told'; readonly or: number }
  | { readonly kind: 'made up'; readonly plan: FlowPlan };

/** A flow that could have been told; numbers are taken modulo what there is. */
export interface FlowPlan {
  readonly backend: number;
  readonly state: number;
  readonly local: number;
  readonly localPort: number;
  /** Of answers, which tell less. */
  readonly service: number;
  readonly listener: number;
  readonly client: number;
  /** What of it does not fit. */
  readonly twist: 'none' | 'service' | 'kind' | 'backend' | 'port' | 'state' | 'vip' | 'bytes';
}

export function arbitraryFinding(): fc.Arbitrary<Finding> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant<Finding>({ kind: 'nobody' }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('told' as const), or: fc.nat(30) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('made up' as const), plan: arbitraryFlowPlan() }) },
  );
}

function arbitraryFlowPlan(): fc.Arbitrary<FlowPlan> {
  return fc.record({
    backend: fc.nat(4),
    state: fc.nat(2),
    local: fc.nat(3),
    localPort: fc.constantFrom(1024, 1024, 1025, 2000, 65_535),
    service: fc.nat(2),
    listener: fc.nat(5),
    client: fc.nat(3),
    twist: fc.constantFrom<FlowPlan['twist']>(
      ...Array<'none'>(20).fill('none'),
      'service',
      'kind',
      'backend',
      'port',
      'state',
      'vip',
      'bytes',
    ),
  });
}

/** The image that is found; undefined: none is. */
export function foundFlow(
  packet: MissedPacket,
  finding: Finding,
  told: readonly Uint8Array[],
  services: readonly ForwardingService[],
): Uint8Array | undefined {
  if (finding.kind === 'nobody') return undefined;
  if (finding.kind === 'told') {
    return told.findLast((image) => isOf(image, packet)) ?? told[finding.or % told.length];
  }
  return madeUp(packet, finding.plan, services);
}

function isOf(image: Uint8Array, packet: MissedPacket): boolean {
  const [flow, missed] = [decodeFlowImage(image), decodeFlowImage(packet.image)];
  if (flow === undefined || missed === undefined || flow.protocol !== missed.protocol) return false;
  const ends = (of: FlowImage) => JSON.stringify([of.client, of.vip].map(({ address, port }) => [...address, port]));
  if (packet.direction === 'client') return ends(flow) === ends(missed);
  return (
    JSON.stringify([...flow.backend.address, flow.backend.port]) ===
    JSON.stringify([...missed.backend.address, missed.backend.port])
  );
}

const tcpStates = ['established', 'fin_by_client', 'fin_by_server'] as const;

function madeUp(
  { direction, image }: MissedPacket,
  plan: FlowPlan,
  services: readonly ForwardingService[],
): Uint8Array | undefined {
  const missed = decodeAny(image);
  if (missed === undefined) return undefined;
  const numberOf = ({ listeners }: ForwardingService) => serviceNumber(listeners[0] as ServiceKey);
  const service =
    direction === 'client'
      ? services.find((each) => numberOf(each) === missed.service)
      : services[plan.service % services.length];
  if (service === undefined) return undefined;
  const { forwarding, listeners, backends } = service;
  const listener = listeners[plan.listener % listeners.length] as ServiceKey;
  const backend = backends[plan.backend % backends.length];
  if (backend === undefined) return undefined;
  const family = listener.vip.includes(':') ? 6 : 4;
  const protocol = direction === 'client' ? missed.protocol : protocolNumbers[listener.protocol];
  const vip =
    direction === 'client'
      ? missed.vip
      : {
          address: addressToBytes(listener.vip),
          port: typeof listener.port === 'number' ? listener.port : listener.port.first,
        };
  const kind = kindOf(forwarding);
  const stranger = { address: addressToBytes(clients[family][plan.client] as string), port: 1024 };
  const to = localEndOf(missed, addressToBytes(listener.vip).byteLength);
  const flow: FlowImage = {
    protocol,
    state:
      protocol === 6 ? (tcpStates[plan.state] as (typeof tcpStates)[number]) : protocol === 17 ? 'datagram' : 'other',
    kind,
    service: numberOf(service),
    client: direction === 'client' ? missed.client : kind === 'nat' ? (to ?? stranger) : stranger,
    vip,
    backend: { address: addressToBytes(backend.address), port: backend.port || (kind === 'plain' ? 0 : vip.port) },
    ...(kind === 'fullnat' ? { local: (direction === 'answer' ? to : undefined) ?? localOf(family, plan) } : {}),
  };
  const bytes = new Uint8Array(FLOW_IMAGE_BYTES);
  encodeFlowImage(twisted(flow, plan.twist), bytes);
  return plan.twist === 'bytes' ? bytes.fill(0xff, 0, 8) : bytes;
}

/** With whom an answer is to, which is told of it whatever it is an answer of. */
function decodeAny(image: Uint8Array): FlowImage | undefined {
  const asFullnat = image.slice();
  asFullnat[FlowImageField.kind] = (asFullnat[FlowImageField.kind] as number) | flowKinds.indexOf('fullnat');
  return decodeFlowImage(asFullnat);
}

function localEndOf({ local: to }: FlowImage, addressBytes: number): FlowImage['local'] {
  return to?.address.byteLength === addressBytes ? to : undefined;
}

function localOf(family: 4 | 6, { local: number, localPort }: FlowPlan): FlowImage['client'] {
  const addresses = [...local[family], ...localOfOthers[family]];
  return { address: addressToBytes(addresses[number % addresses.length] as string), port: localPort };
}

function twisted(flow: FlowImage, twist: FlowPlan['twist']): FlowImage {
  switch (twist) {
    case 'service':
      return { ...flow, service: (flow.service + 1) >>> 0 };
    case 'kind':
      return { ...flow, kind: flow.kind === 'nat' ? 'plain' : 'nat' };
    case 'backend':
      return { ...flow, backend: { ...flow.backend, address: flow.backend.address.map((byte) => byte ^ 0x40) } };
    case 'port':
      return { ...flow, backend: { ...flow.backend, port: flow.backend.port ^ 0x100 } };
    case 'state':
      return { ...flow, state: flow.state === 'other' ? 'datagram' : 'close' };
    case 'vip':
      return { ...flow, vip: { ...flow.vip, address: flow.vip.address.map((byte) => byte ^ 0x40) } };
    default:
      return flow;
  }
}
