import { CHOICE_ROWS, NO_CHOICE } from '@weir/director';
import { canonicalAddress, familyOf, isIpAddress } from '@weir/packet';
import type { ForwardingService, ForwardingTables } from './dataplane.js';
import { DataplaneError } from './dataplane-error.js';
import { NODES_MAX, type Owners } from './owners.js';

/**
 * The nodes as backends of a service at this node's address, which is what the engines make of owners.
 * @throws {DataplaneError} TABLES_INVALID
 */
export function ownersService(owners: Owners): ForwardingService {
  const vip = owners.nodes[owners.self] as string;
  return {
    listeners: [{ vip, protocol: 'udp', port: owners.port }],
    forwarding: { method: 'gue', port: owners.port, header: 'hops' },
    scheduling: {
      pick: 'choices',
      choices: owners.choices,
      hash: { key: owners.hashKey, fields: ['source', 'sourcePort'] },
    },
    backends: owners.nodes.map((address) => ({ address })),
    rows: owners.rows,
  };
}

/** What can be wrong with owners beside what can be wrong with any service. @throws {DataplaneError} TABLES_INVALID */
export function checkOwners({ nodes, self, port, rows, choices }: Owners, { sources }: ForwardingTables): void {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalid(`port ${port} is not between 1 and 65535`);
  }
  if (nodes.length > NODES_MAX) throw invalid(`${nodes.length} nodes are more than ${NODES_MAX}`);
  const own = nodes[self];
  if (own === undefined) throw invalid(`this node is number ${self} of ${nodes.length}`);
  if (!isIpAddress(own)) throw invalid(`"${own}" is not an IP address`);
  const source = familyOf(own) === 4 ? sources.ipv4 : sources.ipv6;
  if (source === undefined || canonicalAddress(source) !== canonicalAddress(own)) {
    throw invalid(`this node is ${own} to the others, but its tunnels come from ${source ?? 'nowhere'}`);
  }
  if (rows.length !== CHOICE_ROWS * choices) {
    throw invalid(`${CHOICE_ROWS} rows of ${choices} choices are ${CHOICE_ROWS * choices} entries, not ${rows.length}`);
  }
  for (let row = 0; row < CHOICE_ROWS; row++) {
    if (rows[row * choices] === NO_CHOICE) throw invalid(`row ${row} has no owner`);
  }
}

/** Where answers come from: address, protocol, and port; port 0: all. */
export interface Answerer {
  readonly address: string;
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  readonly port: number;
}

/** An answer comes from a backend of nat or fullnat, from the port that the service's packets go to. */
export function answerersOf(
  { services }: Pick<ForwardingTables, 'services'>,
  method: 'nat' | 'fullnat' = 'nat',
): readonly Answerer[] {
  const answerers = new Map<string, Answerer>();
  for (const { forwarding, listeners, backends } of services) {
    if (forwarding.method !== method) continue;
    for (const { protocol, port: listened } of listeners) {
      if (protocol === 'esp' || protocol === 'ah') continue;
      for (const { address, port: mapped = 0 } of backends) {
        const port = mapped > 0 ? mapped : typeof listened === 'number' ? listened : 0;
        const answerer = { address: canonicalAddress(address), protocol, port };
        answerers.set(JSON.stringify(answerer), answerer);
      }
    }
  }
  return [...answerers.values()];
}

function invalid(problem: string): DataplaneError {
  return new DataplaneError('TABLES_INVALID', `owners: ${problem}`);
}
