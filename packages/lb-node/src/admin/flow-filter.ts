import { BlockList, isIP } from 'node:net';
import type { FlowFilter } from '@weir/admin-api';
import type { NodeConfig, ServiceConfig } from '@weir/control';
import { type RememberedState, type SeenFlow, transportProtocols } from '@weir/dataplane';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { serviceIdOf } from '../forwarding-tables.js';
import { FieldChecks } from './field-checks.js';

/** States as the API has them. */
const states: Readonly<Record<string, readonly RememberedState[]>> = {
  syn: ['syn'],
  established: ['established'],
  fin: ['fin_by_client', 'fin_by_server'],
  closed: ['close'],
  active: ['datagram', 'other'],
};

/** Of a flow whose tuple is not known, a filter of clients can't say whether it holds. */
export type Match = 'yes' | 'no' | 'unknown';

/** What the API calls a state of the flow table. */
export function stateText(state: RememberedState): string {
  return Object.keys(states).find((name) => states[name]?.includes(state)) ?? state;
}

/**
 * A filter as a question to a flow. Values that mean nothing are refused all at once.
 * @param field  path of the filter in the request
 * @throws {AdminError} INVALID_ARGUMENT
 */
export function flowMatcher(filter: FlowFilter, { services }: NodeConfig, field = 'filter'): (flow: SeenFlow) => Match {
  const { service, backend, client, vip, state, protocol } = filter;
  const byId = new Map(services.map((one) => [serviceIdOf(one), one]));
  const wanted = service === '' ? undefined : services.find(({ name }) => name === service);
  const checks = new FieldChecks();
  const check = (key: string, isRight: boolean, description: string) =>
    checks.check(`${field}.${key}`, isRight, description);
  check('service', service === '' || wanted !== undefined, `there is no service "${service}"`);
  check('backend', backend === '' || isIpAddress(backend), `"${backend}" is not an IP address`);
  check('vip', vip === '' || isIpAddress(vip), `"${vip}" is not an IP address`);
  check(
    'client',
    client === '' || isNetwork(client),
    `"${client}" is no address and no network such as 203.0.113.0/24`,
  );
  check('state', state === '' || state in states, `"${state}" is none of ${Object.keys(states).join(', ')}`);
  check(
    'protocol',
    protocol === '' || isProtocol(protocol),
    `"${protocol}" is none of ${transportProtocols.join(', ')}`,
  );
  checks.refuse();

  const conditions: ((flow: SeenFlow) => Match)[] = [];
  if (wanted !== undefined) conditions.push(({ service: id }) => yesIf(byId.get(id) === wanted));
  if (state !== '') conditions.push((flow) => yesIf(states[state]?.includes(flow.state) === true));
  if (backend !== '') conditions.push((flow) => yesIf(flow.backend.address === canonicalAddress(backend)));
  if (protocol !== '') conditions.push((flow) => protocolMatches(flow, protocol, byId.get(flow.service)));
  if (vip !== '') conditions.push((flow) => vipMatches(flow, canonicalAddress(vip), byId.get(flow.service)));
  if (client !== '') conditions.push(clientMatcher(client));
  return (flow) => {
    let match: Match = 'yes';
    for (const condition of conditions) {
      const answer = condition(flow);
      if (answer === 'no') return 'no';
      if (answer === 'unknown') match = 'unknown';
    }
    return match;
  };
}

/** Whether every flow matches. */
export function holdsEverything(filter: FlowFilter): boolean {
  return Object.values(filter).every((value) => value === '');
}

function yesIf(holds: boolean): Match {
  return holds ? 'yes' : 'no';
}

function isProtocol(text: string): boolean {
  return transportProtocols.some((protocol) => protocol === text);
}

function protocolMatches({ tuple, state }: SeenFlow, protocol: string, service: ServiceConfig | undefined): Match {
  if (tuple !== undefined) return yesIf(tuple.protocol === protocol);
  if (state === 'datagram') return yesIf(protocol === 'udp');
  if (state !== 'other') return yesIf(protocol === 'tcp');
  if (protocol === 'tcp' || protocol === 'udp') return 'no';
  return onlyOf(
    service?.listeners.map((listener) => listener.protocol).filter((other) => other !== 'tcp' && other !== 'udp'),
    protocol,
  );
}

function vipMatches({ tuple }: SeenFlow, vip: string, service: ServiceConfig | undefined): Match {
  if (tuple !== undefined) return yesIf(tuple.vip.address === vip);
  return onlyOf(
    service?.listeners.map((listener) => listener.vip),
    vip,
  );
}

/** What a service's listeners say of its flows: with certainty only where they all say the same. */
function onlyOf(values: readonly string[] | undefined, wanted: string): Match {
  if (values === undefined || !values.includes(wanted)) return 'no';
  return values.every((value) => value === wanted) ? 'yes' : 'unknown';
}

/** An address, or a network as CIDR text. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function clientMatcher(network: string): (flow: SeenFlow) => Match {
  const [address = '', bits] = network.split('/');
  const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(address, bits === undefined ? (family === 'ipv4' ? 32 : 128) : Number(bits), family);
  return ({ tuple }) => {
    if (tuple === undefined) return 'unknown';
    return yesIf(list.check(tuple.client.address, isIP(tuple.client.address) === 4 ? 'ipv4' : 'ipv6'));
  };
}
