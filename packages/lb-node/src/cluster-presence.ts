import { randomBytes } from 'node:crypto';
import type { ClusterConfigSource, NodeRegistration } from '@weir/control';
import { type NodeMoment, nodeRecordOf } from './node-record.js';

const INSTANCE_BYTES = 8;

/** A node as its cluster sees it: registered as long as this is open. Without etcd there is nobody to tell. */
export class ClusterPresence implements AsyncDisposable {
  /** Of this life of the daemon. */
  readonly instance = randomBytes(INSTANCE_BYTES).toString('hex');
  readonly #registration: NodeRegistration;
  #moment: NodeMoment = { phase: 'filling', announces: [] };

  /** Registers, as filling. */
  constructor(source: ClusterConfigSource, version: string) {
    const life = { instance: this.instance, version };
    this.#registration = source.register(() => nodeRecordOf(source.config, life, this.#moment));
  }

  /** Tells what has changed of the node, or of what its configuration wants of it. */
  tell(change: Partial<NodeMoment> = {}): void {
    this.#moment = { ...this.#moment, ...change };
    this.#registration.refresh();
  }

  /** Takes the record away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registration[Symbol.asyncDispose]();
  }
}
