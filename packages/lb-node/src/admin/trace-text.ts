import type { TraceStep as StepMessage } from '@weir/admin-api';
import {
  type ForwardingMethod,
  interfaceNameOf,
  type TracedBackend,
  type TracedEnd,
  type TraceStep,
} from '@weir/dataplane';
import { protocolText, tcpFlagsText } from './packet-words.js';

/** How services, which the data plane calls by their first listener, are called by people. */
export type ServiceNames = ReadonlyMap<string, string>;

/** One decision of a trace, for people and for programs. */
export function stepMessage(step: TraceStep, services: ServiceNames): StepMessage {
  const text = stepText(step, services);
  const { step: decision, ...values } = step;
  return { decision, text, values: Object.fromEntries(flatValues(values)) };
}

function stepText(step: TraceStep, services: ServiceNames): string {
  switch (step.step) {
    case 'parsed': {
      const { protocol, source, destination, tcpFlags, ttl, bytes, fragment } = step;
      const flags = tcpFlags === 0 ? '' : ` ${tcpFlagsText(tcpFlags)}`;
      const piece = fragment === 'none' ? '' : `, ${fragment === 'first' ? 'first' : 'later'} fragment`;
      return `${protocolText(protocol)}${flags} from ${end(source)} to ${end(destination)}, TTL ${ttl}, ${bytes} bytes${piece}`;
    }
    case 'link_address':
      return "its MAC address is another machine's";
    case 'taken_over':
      return 'another node has handed it over; the packet inside is';
    case 'service':
      return step.service === undefined ? 'none listens there' : (services.get(step.service) ?? step.service);
    case 'guard':
      return step.denied ? 'its source is denied' : 'its source is not denied';
    case 'row':
      return `${step.row}${step.kept ? ', which remembers its flows' : ''}, leads to ${backend(step.backend)}`;
    case 'choices':
      return `to try in turn: ${step.backends.map(backend).join(', ')}`;
    case 'flow':
      return step.known
        ? `known: ${backend(step.backend)}, ${step.state.replaceAll('_', ' ')}, last packet ${step.idleSeconds} s ago`
        : 'not known here';
    case 'owner':
      if (step.node === undefined) return 'this node decides';
      return `${step.node} may know it${step.hops.length === 0 ? '' : `, then ${step.hops.join(', ')}`}`;
    case 'asked':
      return step.outcome === 'handed_up'
        ? 'the other nodes would be asked about its flow'
        : 'the other nodes would be asked about its flow, but for the limit';
    case 'rate':
      return `limit of new flows of ${step.of === 'source' ? 'its source' : 'this node'}: ${step.admitted ? 'lets it pass' : 'is reached'}`;
    case 'persistence':
      return step.backend === undefined
        ? "its client's network goes nowhere yet"
        : `its client's network goes to ${backend(step.backend)}`;
    case 'scheduled':
      return step.backend === undefined ? 'nobody takes new flows' : `${backend(step.backend)}, by ${step.by}`;
    case 'remembered':
      return `its flow would be remembered as ${step.state.replaceAll('_', ' ')}`;
    case 'translation':
      return `from ${end(step.source)} to ${end(step.destination)}`;
    case 'answer':
      return `of a backend, to ${end(step.client)} from ${end(step.vip)}`;
    case 'fragment':
      return step.known ? 'goes where the first one went' : 'the first one is not known';
    case 'icmp':
      return { echo_request: 'echo request', error: 'error; the packet that it quotes is', other: 'another message' }[
        step.message
      ];
    case 'method':
      return `${methodText(step.forwarding)} to ${backend(step.backend)}`;
    case 'next_hop':
      return nextHopText(step);
    case 'too_big':
      return `${step.bytes} bytes with outer headers, the next hop takes ${step.mtuBytes}`;
  }
}

function nextHopText(step: Extract<TraceStep, { readonly step: 'next_hop' }>): string {
  if (step.outcome !== 'found') {
    return step.outcome === 'no_route'
      ? 'the kernel has no route'
      : 'the kernel does not know the MAC address of the next hop';
  }
  const { ifindex, mtuBytes, destinationMac, vlan } = step;
  if (ifindex === 0) return `as the kernel routes it, MTU ${mtuBytes}`;
  const to = destinationMac === undefined ? '' : ` to ${destinationMac}`;
  const by = interfaceNameOf(ifindex) ?? `interface ${ifindex}`;
  return `by ${by}${to}${vlan === undefined ? '' : `, VLAN ${vlan}`}, MTU ${mtuBytes}`;
}

function methodText(forwarding: ForwardingMethod): string {
  return forwarding.method === 'gue' ? `gue, UDP port ${forwarding.port}` : forwarding.method;
}

function end({ address, port }: TracedEnd): string {
  if (port === 0) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function backend(of: TracedBackend | undefined): string {
  return of === undefined ? 'nobody' : end(of);
}

/** Names and values, inner ones as `source.address` and `backends.0.address`; what is undefined is left out. */
function flatValues(value: object, path = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const name = path === '' ? key : `${path}.${key}`;
    if (inner === undefined) return [];
    return typeof inner === 'object' && inner !== null ? flatValues(inner, name) : [[name, String(inner)]];
  });
}
