import type { NodeDocument } from './node-schema.js';
import type { ServiceDocument } from './service-schema.js';

/** Something that is wrong between values that are each right. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** Those parts of a document that are right for themselves, undefined where one is not; services keep their place in the list. */
export interface SoundParts {
  readonly node: NodeDocument['node'] | undefined;
  readonly dataplane: NodeDocument['dataplane'] | undefined;
  readonly guard: NodeDocument['guard'] | undefined;
  readonly bgp: NodeDocument['bgp'] | undefined;
  readonly vrrp: NodeDocument['vrrp'] | undefined;
  readonly nodes: NodeDocument['nodes'] | undefined;
  readonly state: NodeDocument['state'] | undefined;
  readonly etcd: NodeDocument['etcd'] | undefined;
  readonly kubernetes: NodeDocument['kubernetes'] | undefined;
  readonly metrics: NodeDocument['metrics'] | undefined;
  readonly admin: NodeDocument['admin'] | undefined;
  readonly services: ReadonlyMap<number, ServiceDocument>;
}
