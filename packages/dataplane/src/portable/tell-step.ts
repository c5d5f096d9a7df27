import { bytesToAddress } from '@weir/packet';
import type { TracedBackend, TracedEnd, TraceStep } from '../packet-trace.js';
import type { IpPacket } from './parse-frame.js';
import type { Backend } from './service.js';
import type { Endpoint } from './tuple.js';

/** Where the steps of a packet's trace go. */
export type TellStep = (step: TraceStep) => void;

export function tracedBackend(backend: Backend): TracedBackend;
export function tracedBackend(backend: Backend | undefined): TracedBackend | undefined;
export function tracedBackend(backend: Backend | undefined): TracedBackend | undefined {
  return backend && { address: backend.name, port: backend.port };
}

export function tracedEnd({ address, port }: Endpoint): TracedEnd {
  return { address: bytesToAddress(address), port };
}

export function parsedStep(packet: IpPacket): TraceStep {
  const { family, protocol, source, sourcePort, destination, destinationPort, tcpFlags, ttl, bytes, fragment } = packet;
  return {
    step: 'parsed',
    family,
    protocol,
    source: tracedEnd({ address: source, port: sourcePort }),
    destination: tracedEnd({ address: destination, port: destinationPort }),
    tcpFlags,
    ttl,
    bytes,
    fragment: fragment === undefined ? 'none' : fragment.isFirst ? 'first' : 'later',
  };
}
