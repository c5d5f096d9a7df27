import { serviceName } from '../ipvsadm/carry-service.js';
import type { FirewallMarks } from '../ipvsadm/firewall-marks.js';
import type { ListenerInput, Lose, PlacedServer, PlacedService } from '../ipvsadm/placed-service.js';
import { canonicalAddress, prefixBitsOf } from '../ipvsadm/read-endpoint.js';
import type { IpvsProtocol, Persistence, RealServer } from '../ipvsadm/virtual-service.js';
import { lastOf, type Statement, textOf } from './block.js';
import { carryCheck, isCheck } from './carry-check.js';
import { forwardOf } from './forward-statement.js';
import { keywordsOf, loseKeywords } from './keyword-losses.js';
import { groupLines, listenersOf } from './server-group.js';

/** What virtual servers refer to. */
export interface VirtualServerContext {
  readonly groups: ReadonlyMap<string, Statement>;
  readonly marks: FirewallMarks;
  readonly lose: Lose;
}

const flags = ['flag-1', 'flag-2', 'flag-3', 'sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'];
/** keepalived's, where persistence_timeout has no number. */
const PERSISTENCE_DEFAULT_SECONDS = 360;

/** A `virtual_server` with its real servers and their checks. */
export function readVirtualServer(statement: Statement, context: VirtualServerContext): PlacedService {
  const { place, block = [] } = statement;
  const { lose } = context;
  loseKeywords(block, keywordsOf.virtualServer, lose);
  const listeners = listenersOfServer(statement, context);
  const persistence = persistenceOf(
    block,
    listeners.some(({ vip }) => vip.includes(':')),
    lose,
  );
  const engine = textOf(block, 'persistence_engine');
  const fallback = readSorryServer(block, lose);
  return {
    place,
    name: nameOf(statement, listeners),
    listeners,
    settings: {
      scheduler: textOf(block, 'lvs_sched', 'lb_algo') ?? 'wlc',
      schedulerFlags: flags.filter((flag) => lastOf(block, flag) !== undefined),
      onePacket: lastOf(block, 'ops') !== undefined,
      ...(persistence === undefined ? {} : { persistence }),
      ...(engine === undefined ? {} : { persistenceEngine: engine }),
    },
    servers: block
      .filter(({ keyword }) => keyword === 'real_server')
      .flatMap((server) => readRealServer(server, block, lose)),
    ...(fallback === undefined ? {} : { fallback }),
  };
}

function listenersOfServer(
  { place, values, block = [] }: Statement,
  context: VirtualServerContext,
): readonly ListenerInput[] {
  const { groups, marks, lose } = context;
  const protocol = protocolOf(block, lose);
  const [kind, name = ''] = values;
  if (kind !== 'group') return listenersOf({ place, words: values }, protocol, marks, lose);
  const group = groups.get(name);
  if (group === undefined) {
    lose(place, `there is no virtual_server_group ${name}: no service`);
    return [];
  }
  return groupLines(group).flatMap((line) => listenersOf(line, protocol, marks, lose));
}

function nameOf({ values }: Statement, [first]: readonly ListenerInput[]): string {
  const [kind, name = ''] = values;
  if (kind === 'group') return name;
  return kind === 'fwmark' || first === undefined ? `mark-${name}` : serviceName(first);
}

function protocolOf(block: readonly Statement[], lose: Lose): IpvsProtocol {
  const statement = lastOf(block, 'protocol');
  const name = (statement?.values[0] ?? 'TCP').toLowerCase();
  if (name === 'tcp' || name === 'udp' || name === 'sctp') return name;
  lose(statement?.place ?? '', `protocol ${name} is none of TCP, UDP, SCTP: tcp is taken`);
  return 'tcp';
}

function persistenceOf(block: readonly Statement[], ofIpv6: boolean, lose: Lose): Persistence | undefined {
  const statement = lastOf(block, 'persistence_timeout');
  const granularity = lastOf(block, 'persistence_granularity');
  if (statement === undefined && granularity === undefined) return undefined;
  const timeoutSeconds = Number(statement?.values[0] ?? PERSISTENCE_DEFAULT_SECONDS);
  // No persistence, as in a template that leaves it open.
  if (timeoutSeconds === 0) return undefined;
  if (!(timeoutSeconds >= 1)) {
    lose(
      statement?.place ?? '',
      `persistence_timeout "${statement?.values[0]}" is not a number of seconds: no persistence`,
    );
    return undefined;
  }
  const mask = granularity?.values[0];
  if (mask === undefined) return { timeoutSeconds, prefixBits: ofIpv6 ? 128 : 32 };
  const bits = /^\d+$/.test(mask) ? Number(mask) : prefixBitsOf(mask);
  return { timeoutSeconds, prefixBits: bits === false ? undefined : bits };
}

function readRealServer(statement: Statement, ofVirtual: readonly Statement[], lose: Lose): PlacedServer[] {
  const { place, block = [] } = statement;
  loseKeywords(block, keywordsOf.realServer, lose);
  const server = serverOf(statement, ofVirtual, lose);
  if (server === undefined) return [];
  const { address, port } = server;
  const [first, ...others] = block.filter(isCheck).flatMap((one) => {
    const check = carryCheck(one, { address, port, scopes: [ofVirtual, block] }, lose);
    return check === undefined ? [] : [{ check, statement: one }];
  });
  for (const { statement: other } of others) {
    lose(other.place, `${other.keyword}: a backend has one check, and the first is taken; kind script can do several`);
  }
  return [{ place, server, ...(first === undefined ? {} : { check: first.check }) }];
}

function readSorryServer(block: readonly Statement[], lose: Lose): PlacedServer | undefined {
  const statement = lastOf(block, 'sorry_server');
  if (statement === undefined) return undefined;
  const server = serverOf({ ...statement, block: [] }, block, lose);
  return server === undefined ? undefined : { place: statement.place, server };
}

function serverOf(
  { place, keyword, values, block = [] }: Statement,
  ofVirtual: readonly Statement[],
  lose: Lose,
): RealServer | undefined {
  const [host = '', portText = '0'] = values;
  const address = canonicalAddress(host);
  const port = Number(portText);
  if (address === undefined || !(port >= 0 && port <= 65_535)) {
    lose(place, `${keyword} ${values.join(' ')} is not an address with a port: left out`);
    return undefined;
  }
  return {
    address,
    port,
    forward: forwardOf(lastOf(block, 'lvs_method', 'lb_kind') ?? lastOf(ofVirtual, 'lvs_method', 'lb_kind'), lose),
    weight: numberOf(lastOf(block, 'weight') ?? lastOf(ofVirtual, 'weight'), 1, lose),
    upperThreshold: numberOf(lastOf(block, 'uthreshold'), 0, lose),
    lowerThreshold: numberOf(lastOf(block, 'lthreshold'), 0, lose),
  };
}

function numberOf(statement: Statement | undefined, usual: number, lose: Lose): number {
  const text = statement?.values[0];
  if (statement === undefined || text === undefined) return usual;
  if (/^\d+$/.test(text)) return Number(text);
  lose(statement.place, `${statement.keyword} "${text}" is not a number: ${usual} is taken`);
  return usual;
}
