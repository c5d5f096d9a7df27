import { type Node, type NodeCondition, NodeState, NodesService } from '@weir/admin-api';
import type { NodeCondition as Condition, NodeRecord, WantedState } from '@weir/control';
import { VERSION } from '../version.js';
import { notFound } from './admin-error.js';
import type { Caller } from './caller.js';
import { changing } from './change-trouble.js';
import { pageOf } from './page.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import type { ConfigParts } from './services-service.js';

const stateOf: Readonly<Record<NodeRecord['state'], NodeState>> = {
  filling: NodeState.FILLING,
  active: NodeState.ACTIVE,
  draining: NodeState.DRAINING,
};

/** weir.admin.v1.Nodes. */
export function nodesService(parts: ConfigParts): ServiceMethods {
  const { source } = parts;
  const ownName = () => source.config.node.name;
  const wish = (state: WantedState) => async (request: { readonly name: string }, caller: Caller) => {
    const name = request.name === '' ? ownName() : request.name;
    const isKnown = (await records(parts)).some((record) => record.name === name);
    if (!isKnown) throw notFound(`node ${name} among those that are registered`);
    const { before, after, isInForce } = await changing(
      () => source.changes.setNodeState(name, state, { signal: caller.signal }),
      () => 'name',
    );
    caller.audit({ target: `node ${name}`, before: before ?? 'active', after });
    return { node: await nodeNamed(name), isInForce };
  };
  const messages = async () => (await records(parts)).map((record) => nodeMessage(record, parts));
  const nodeNamed = async (name: string) => (await messages()).find((node) => node.name === name);

  return serviceMethods(NodesService, {
    listNodes: {
      role: 'viewer',
      async unary(page) {
        const { items, nextPageToken } = pageOf(await messages(), ({ name }) => [name], page);
        return { nodes: [...items], nextPageToken };
      },
    },
    drainNode: { role: 'operator', writes: true, unary: wish('draining') },
    activateNode: { role: 'operator', writes: true, unary: wish('active') },
  });
}

/** Those that are registered, by name; without etcd, and while it is away, this one at least. */
async function records({ source, node }: ConfigParts): Promise<readonly NodeRecord[]> {
  const { name, address, address6, wantedState } = source.config.node;
  const registered = source.nodes();
  if (registered.some((record) => record.name === name)) return registered;
  const [condition, { announced }] = await Promise.all([node.condition([]), node.figures()]);
  const own: NodeRecord = {
    name,
    instance: '',
    state: wantedState,
    version: VERSION,
    addresses: [address, address6].filter((text) => text !== undefined),
    announces: announced,
    condition,
  };
  return [...registered, own].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function nodeMessage(record: NodeRecord, { source }: ConfigParts): Node {
  const { name, state, version, addresses, announces, instance, condition } = record;
  const isThis = name === source.config.node.name;
  const wanted = isThis ? source.config.node.wantedState : (source.changes.nodeStates().get(name) ?? 'active');
  return {
    name,
    state: stateOf[state],
    version,
    addresses: [...addresses],
    announces: [...announces],
    isThis,
    wantedState: stateOf[wanted],
    instance,
    condition: condition && conditionMessage(condition),
  };
}

function conditionMessage({ sessions, tables, replication, connections, backends }: Condition): NodeCondition {
  return {
    bgpSessionsUp: sessions.up,
    bgpSessionsConfigured: sessions.configured,
    tablesDigest: tables,
    replication,
    connections: BigInt(connections),
    backendsUsable: backends.usable,
    backends: backends.all,
  };
}
