import fc from 'fast-check';
import type { ForwardingService } from '../dataplane.js';
import { translatesAddresses } from '../forwarding-method.js';
import { protocolNumbers } from '../portable/transport.js';
import { frameOf, plainFrame } from './frame-plan.js';
import { clients, local, localOfOthers } from './lab-addresses.js';

/** What a backend of nat or fullnat sends, asked or not; numbers are taken modulo what there is. */
export interface StrayAnswerPlan {
  readonly service: number;
  readonly backend: number;
  /** A client, or a local address of this node or of another one. */
  readonly to: number;
  readonly toPort: number;
  readonly tcpFlags: number;
}

export function arbitraryStrayAnswer(): fc.Arbitrary<StrayAnswerPlan> {
  return fc.record({
    service: fc.nat(2),
    backend: fc.nat(2),
    to: fc.nat(3),
    toPort: fc.constantFrom(1024, 1024, 1025),
    tcpFlags: fc.constantFrom(0x12, 0x10, 0x10, 0x11, 0x04, 0x02),
  });
}

/** Undefined: no service has addresses translated. */
export function strayAnswer(services: readonly ForwardingService[], plan: StrayAnswerPlan): Uint8Array | undefined {
  const translating = services.filter(({ forwarding }) => translatesAddresses(forwarding));
  const service = translating[plan.service % translating.length];
  const backend = service?.backends[plan.backend % service.backends.length];
  const listener = service?.listeners[0];
  if (backend === undefined || listener === undefined) return undefined;
  const family = backend.address.includes(':') ? 6 : 4;
  const receivers = [clients[family][0], clients[family][1], local[family][0], localOfOthers[family][0]];
  const vipPort = typeof listener.port === 'number' ? listener.port : listener.port.first;
  return frameOf({
    ...plainFrame,
    protocol: protocolNumbers[listener.protocol],
    source: backend.address,
    destination: receivers[plan.to % receivers.length] as string,
    sourcePort: backend.port || vipPort,
    destinationPort: plan.toPort,
    tcpFlags: plan.tcpFlags,
  });
}
