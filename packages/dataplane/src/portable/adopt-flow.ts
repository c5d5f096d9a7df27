import { decodeFlowImage, type FlowImage } from '@weir/packet';
import type { ServiceDirectory } from '../find-service.js';
import type { Settlement } from '../flow-sharing.js';
import { translatesAddresses } from '../forwarding-method.js';
import { isToldState } from '../told-state.js';
import { dueTickOf, type Memory } from './choose-backend.js';
import { answerTuple, type Flow, type Translation } from './flow.js';
import type { FlowState } from './flow-state.js';
import { imageOfFlow, kindOf } from './image-of-flow.js';
import type { Backend, Service } from './service.js';
import { refreshTicks } from './sharing-in-force.js';
import { tupleBetween } from './tuple.js';

/**
 * Remembers a flow that another node knew: docs/packet-path.md, section 8. What no data plane of these tables could have
 * told is taken for a flow whose backend is gone.
 *
 * @param direction  who sent the packet that it was found by
 */
export function adoptFlow(
  memory: Memory,
  directory: ServiceDirectory<Service>,
  bytes: Uint8Array,
  direction: 'client' | 'answer',
  nowTicks: number,
): Settlement {
  const image = decodeFlowImage(bytes);
  if (image === undefined) return 'no_backend';
  const { protocol, client, vip, state } = image;
  const backend = backendOf(directory, image);
  if (backend === undefined || !isTold(state, protocol)) return 'no_backend';
  const { flows } = memory;
  const tuple = tupleBetween(protocol, client, vip);
  if (flows.knows(tuple, backend.service, nowTicks)) return 'known';
  // One that is over has not ended for others: the one that is adopted stands for it.
  flows.forget(tuple);
  const translation = translationOf(backend, image);
  if (translation && flows.ofAnswer(answerTuple(protocol, translation), nowTicks) !== undefined) return 'no_room';
  const isClient = direction === 'client';
  const flow: Flow = {
    protocol,
    client,
    vip,
    backend,
    translation,
    state,
    lastSeen: { client: nowTicks, server: nowTicks },
    dueTick: isClient ? nowTicks + refreshTicks(flows.timeoutOf(state)) : dueTickOf(memory.sharing, nowTicks),
    told: undefined,
  };
  if (isClient) flow.told = imageOfFlow(flow);
  flows.add(flow);
  return 'adopted';
}

function isTold(state: FlowImage['state'], protocol: number): state is FlowState {
  return isToldState(state, protocol);
}

/** Where the service at the flow's VIP and port is the one that it was told of, and has that backend. */
function backendOf(
  directory: ServiceDirectory<Service>,
  { protocol, kind, service, ...ends }: FlowImage,
): Backend | undefined {
  const { vip, backend: to } = ends;
  const found = directory.find({ protocol, destination: vip.address, destinationPort: vip.port });
  if (found?.number !== service || kindOf(found.forwarding) !== kind || !directory.isVip(vip.address)) return undefined;
  const there = found.backends.filter(({ address }) => Buffer.compare(address, to.address) === 0);
  const keepsPort = translatesAddresses(found.forwarding) && to.port === vip.port;
  return there.find(({ port }) => port === to.port) ?? (keepsPort ? there.find(({ port }) => port === 0) : undefined);
}

function translationOf({ service }: Backend, { client, backend, local }: FlowImage): Translation | undefined {
  return translatesAddresses(service.forwarding) ? { near: local ?? client, far: backend } : undefined;
}
