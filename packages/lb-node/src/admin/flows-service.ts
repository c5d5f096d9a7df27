import { setImmediate as otherWork } from 'node:timers/promises';
import {
  type BackendFlows,
  type Flow,
  type FlowFilter,
  FlowsService,
  type FlowTuple,
  type ListFlowsResponse,
} from '@weir/admin-api';
import type { ConfigChanges, NodeConfig } from '@weir/control';
import { type Dataplane, type SeenFlow, type FlowTuple as Tuple, transportProtocols } from '@weir/dataplane';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { serviceIdOf } from '../forwarding-tables.js';
import { invalid, notFound } from './admin-error.js';
import type { Caller } from './caller.js';
import { changing } from './change-trouble.js';
import { durationOf } from './duration-message.js';
import { FieldChecks } from './field-checks.js';
import { flowMatcher, holdsEverything, type Match, stateText } from './flow-filter.js';
import { timeoutField, timeoutsInput, timeoutsMessage } from './flow-timeouts.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';

/** What the service takes. */
export interface FlowsParts {
  readonly dataplane: Pick<Dataplane, 'flowTable' | 'flowTableFill'>;
  readonly config: () => NodeConfig;
  readonly changes: Pick<ConfigChanges, 'setTimeouts'>;
}

/** A message of so many flows has some 20 kB. */
const FLOWS_PER_MESSAGE = 256;
/** Flows that are looked at before other work of this process has its turn. */
const FLOWS_AT_ONCE = 4096;
const noFilter: FlowFilter = { service: '', backend: '', client: '', vip: '', state: '', protocol: '' };

/** weir.admin.v1.Flows. */
export function flowsService({ dataplane, config, changes }: FlowsParts): ServiceMethods {
  /** Walks the table in turns with other work, until the caller leaves. */
  async function* matching(filter: FlowFilter | undefined, { signal }: Caller): AsyncGenerator<[SeenFlow, Match]> {
    const matches = flowMatcher(filter ?? noFilter, config());
    let looked = 0;
    for (const flow of dataplane.flowTable) {
      if (++looked % FLOWS_AT_ONCE === 0) await otherWork(undefined, { signal });
      const match = matches(flow);
      if (match !== 'no') yield [flow, match];
    }
  }
  const names = () => new Map(config().services.map((service) => [serviceIdOf(service), service.name]));

  return serviceMethods(FlowsService, {
    listFlows: {
      role: 'viewer',
      async *stream({ filter, limit }, caller): AsyncIterable<ListFlowsResponse> {
        const serviceNames = names();
        let [flows, unanswered, told]: [Flow[], bigint, bigint] = [[], 0n, 0n];
        for await (const [flow, match] of matching(filter, caller)) {
          if (match === 'unknown') {
            unanswered++;
            continue;
          }
          flows.push(flowMessage(flow, serviceNames));
          if (++told === limit) break;
          if (flows.length < FLOWS_PER_MESSAGE) continue;
          yield { flows, unanswered };
          flows = [];
        }
        yield { flows, unanswered };
      },
    },
    lookupFlow: {
      role: 'viewer',
      async unary({ tuple }) {
        const wanted = tupleOf(tuple);
        const flow = dataplane.flowTable.find(wanted);
        if (flow === undefined) throw notFound(`flow ${tupleText(wanted)} that this node remembers`);
        return { flow: flowMessage(flow, names()) };
      },
    },
    countFlows: {
      role: 'viewer',
      async unary({ filter }, caller) {
        const serviceNames = names();
        const counts = new Map<string, BackendFlows>();
        let [flows, unanswered] = [0n, 0n];
        for await (const [{ service, backend }, match] of matching(filter, caller)) {
          if (match === 'unknown') {
            unanswered++;
            continue;
          }
          flows++;
          const key = `${service} ${backend.address} ${backend.port}`;
          const count = counts.get(key);
          if (count !== undefined) count.flows++;
          else
            counts.set(key, {
              service: serviceNames.get(service) ?? service,
              backendAddress: backend.address,
              backendPort: backend.port,
              flows: 1n,
            });
        }
        return {
          backends: [...counts.values()],
          flows,
          unanswered,
          capacity: BigInt(dataplane.flowTableFill().places),
        };
      },
    },
    getTimeouts: {
      role: 'viewer',
      unary: async () => ({ timeouts: timeoutsMessage(config().dataplane.timeouts) }),
    },
    setTimeouts: {
      role: 'operator',
      writes: true,
      async unary({ timeouts }, caller) {
        const wanted = timeoutsInput(timeouts);
        if (Object.keys(wanted).length === 0) {
          throw invalid([{ field: 'timeouts', description: 'has none; give at least one' }]);
        }
        const { before, after, isInForce } = await changing(
          () => changes.setTimeouts(wanted, { signal: caller.signal }),
          timeoutField,
        );
        caller.audit({ target: 'timeouts', before, after });
        return { timeouts: timeoutsMessage(config().dataplane.timeouts), isInForce };
      },
    },
    terminateFlows: {
      role: 'operator',
      writes: true,
      async unary({ filter = noFilter, all, dryRun }, caller) {
        if (holdsEverything(filter) && !all) {
          throw invalid([
            { field: 'filter', description: 'has no condition, which would be all flows; set all for that' },
          ]);
        }
        let [terminated, unanswered] = [0n, 0n];
        let isIncomplete = true;
        try {
          for await (const [flow, match] of matching(filter, caller)) {
            if (match === 'unknown') unanswered++;
            else if (dryRun || dataplane.flowTable.end(flow)) terminated++;
          }
          isIncomplete = false;
        } finally {
          // What was ended stays so, although a caller that left midway gets no answer.
          const before = { flows: Number(terminated) };
          const isTold = !dryRun && (!isIncomplete || terminated > 0n);
          if (isTold) caller.audit({ target: `flows ${filterText(filter)}`, before, isIncomplete });
        }
        return { terminated, unanswered };
      },
    },
  });
}

function flowMessage(flow: SeenFlow, serviceNames: ReadonlyMap<string, string>): Flow {
  const { tuple, service, backend, local, state, idleMs, isShared } = flow;
  return {
    tuple: tuple && {
      protocol: tuple.protocol,
      clientAddress: tuple.client.address,
      clientPort: tuple.client.port,
      vip: tuple.vip.address,
      vipPort: tuple.vip.port,
    },
    service: serviceNames.get(service) ?? service,
    backendAddress: backend.address,
    backendPort: backend.port,
    state: stateText(state),
    idle: durationOf(idleMs),
    localAddress: local?.address ?? '',
    localPort: local?.port ?? 0,
    isShared,
  };
}

/** @throws {AdminError} INVALID_ARGUMENT */
function tupleOf(tuple: FlowTuple | undefined): Tuple {
  if (tuple === undefined) throw invalid([{ field: 'tuple', description: 'is missing' }]);
  const { protocol, clientAddress, clientPort, vip, vipPort } = tuple;
  const checks = new FieldChecks();
  const check = (key: string, isRight: boolean, description: string) =>
    checks.check(`tuple.${key}`, isRight, description);
  check(
    'protocol',
    transportProtocols.some((known) => known === protocol),
    `"${protocol}" is none of ${transportProtocols.join(', ')}`,
  );
  check('client_address', isIpAddress(clientAddress), `"${clientAddress}" is not an IP address`);
  check('vip', isIpAddress(vip), `"${vip}" is not an IP address`);
  check('client_port', clientPort <= 65_535, `${clientPort} is not a port, 0 to 65535`);
  check('vip_port', vipPort <= 65_535, `${vipPort} is not a port, 0 to 65535`);
  checks.refuse();
  return {
    protocol: protocol as Tuple['protocol'],
    client: { address: canonicalAddress(clientAddress), port: clientPort },
    vip: { address: canonicalAddress(vip), port: vipPort },
  };
}

function tupleText({ protocol, client, vip }: Tuple): string {
  const end = ({ address, port }: Tuple['client']) => `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return `${end(client)} to ${end(vip)}/${protocol}`;
}

function filterText(filter: FlowFilter): string {
  const conditions = Object.entries(filter).filter(([, value]) => value !== '');
  return conditions.length === 0 ? 'all' : conditions.map(([key, value]) => `${key}=${value}`).join(' ');
}
