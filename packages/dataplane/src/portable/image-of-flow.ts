import { encodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage, type FlowKind } from '@weir/packet';
import type { ForwardingMethod } from '../forwarding-method.js';
import type { Flow } from './flow.js';
import type { Service } from './service.js';
import type { Endpoint, Tuple } from './tuple.js';

/** A flow as other nodes need it. */
export function imageOfFlow({ protocol, client, vip, backend, translation, state }: Flow): Uint8Array {
  const { service, address, port } = backend;
  return encoded({
    protocol,
    state,
    kind: kindOf(service.forwarding),
    service: service.number,
    client,
    vip,
    backend: translation?.far ?? { address, port },
    ...(service.forwarding.method === 'fullnat' && translation !== undefined ? { local: translation.near } : {}),
  });
}

/** A packet of a client, of a flow that is not known here. */
export function imageOfUnknown({ number }: Service, packet: Tuple): Uint8Array {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  return encoded({
    ...unknown,
    protocol,
    service: number,
    client: { address: source, port: sourcePort },
    vip: { address: destination, port: destinationPort },
    backend: nobody(0),
  });
}

/** An answer, of a flow that is not known here: neither its client nor its service is. */
export function imageOfUnknownAnswer(packet: Tuple): Uint8Array {
  const { protocol, source, sourcePort, destination, destinationPort } = packet;
  return encoded({
    ...unknown,
    protocol,
    service: 0,
    client: nobody(source.byteLength),
    vip: nobody(source.byteLength),
    backend: { address: source, port: sourcePort },
    local: { address: destination, port: destinationPort },
  });
}

export function kindOf({ method }: ForwardingMethod): FlowKind {
  return method === 'nat' || method === 'fullnat' ? method : 'plain';
}

const unknown = { state: 'none', kind: 'plain' } as const;

function nobody(addressBytes: number): Endpoint {
  return { address: new Uint8Array(addressBytes), port: 0 };
}

function encoded(image: FlowImage): Uint8Array {
  const bytes = new Uint8Array(FLOW_IMAGE_BYTES);
  encodeFlowImage(image, bytes);
  return bytes;
}
