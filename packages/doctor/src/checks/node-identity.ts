import { connectEtcd, type EtcdConfig, type NodeConfig, type NodeRecord, readNodeRecords } from '@weir/control';
import type { Check } from '../check.js';
import type { Finding, TroubleFinding } from '../finding.js';

/** Is this node the only one of its kind? */
export const nodeIdentity: Check = {
  name: 'node-identity',
  looksAt: 'the nodes registered in etcd: that no other has the name or an address of this one',
  symptom:
    'lb-node ends with 69 (NODE_ID_TAKEN); two machines take turns in `weirctl nodes`, rollouts act on the wrong one',
  cure: 'give each machine its own `node.name`, `node.address` and `node.address6` in weir.yaml',
  roles: ['node'],
  async examine(subject) {
    const config = subject.role === 'node' ? subject.config : undefined;
    if (config?.etcd === undefined)
      return [{ verdict: 'skipped', found: 'the configuration has no etcd, which knows the nodes' }];
    const records = await readRecords(config.etcd);
    if (records === undefined) return [{ verdict: 'skipped', found: 'no member of etcd answers' }];
    return [identityFinding(config, records)];
  },
};

/** What the check has to say of this node among those that are registered. */
export function identityFinding(config: NodeConfig, records: readonly NodeRecord[]): Finding {
  const taken = takenIdentity(config, records);
  if (taken !== undefined) return taken;
  const { name } = config.node;
  const namesake = records.find((record) => record.name === name);
  if (namesake !== undefined && (addressesOf(config).length === 0 || namesake.addresses.length === 0)) {
    const found = `a node is registered as ${name}; whether it is this machine can't be told without node.address`;
    return { verdict: 'skipped', about: name, found };
  }
  const found = `alone with its name and addresses among ${records.length} registered nodes`;
  return { verdict: 'ok', about: name, found };
}

function addressesOf({ node }: NodeConfig): readonly string[] {
  return [node.address, node.address6].filter((address) => address !== undefined);
}

/** @returns undefined: no member answers */
async function readRecords(etcd: EtcdConfig): Promise<readonly NodeRecord[] | undefined> {
  for (const endpoint of etcd.endpoints) {
    try {
      using connection = await connectEtcd(etcd, endpoint);
      return await readNodeRecords(connection, etcd);
    } catch {
      // The check of etcd says why; the next member may answer.
    }
  }
  return undefined;
}

/**
 * What another node that is registered has in common with this one and must not. A record of the own name with the own
 * addresses is of this node, in this life or in one that ended without taking it away.
 */
export function takenIdentity(config: NodeConfig, records: readonly NodeRecord[]): TroubleFinding | undefined {
  const { node } = config;
  const own = addressesOf(config);
  for (const record of records) {
    const shared = record.addresses.filter((address) => own.includes(address));
    if (record.name === node.name && own.length > 0 && record.addresses.length > 0 && shared.length === 0) {
      return takenName(node.name, own, record);
    }
    if (record.name !== node.name && shared.length > 0) return takenAddress(node.name, shared, record);
  }
  return undefined;
}

function takenName(name: string, own: readonly string[], { addresses }: NodeRecord): Finding & TroubleFinding {
  return {
    verdict: 'fault',
    about: name,
    found: `another node that is alive is registered as ${name}, with ${addresses.join(' and ')}; this one has ${own.join(' and ')}`,
    wanted: 'a name that no other node of the cluster has',
    cure: 'give each its own node.name in weir.yaml (by default the name of the host); if that is this machine with its former address, its entry goes when its lease ends',
  };
}

function takenAddress(name: string, shared: readonly string[], record: NodeRecord): TroubleFinding {
  return {
    verdict: 'fault',
    about: name,
    found: `node ${record.name}, which is alive, has the address ${shared.join(' and ')} too`,
    wanted: 'addresses that no other node of the cluster has',
    cure: 'correct node.address and node.address6 of weir.yaml; if this is the same machine under a new name, its former entry goes when its lease ends',
  };
}
