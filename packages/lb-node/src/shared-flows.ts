import { setImmediate as turn } from 'node:timers/promises';
import type { NodeConfig } from '@weir/control';
import type { Logger } from '@weir/daemon';
import type { FlowSharing, SharingCounts } from '@weir/dataplane';
import type { FlowReplication } from '@weir/state-sync';
import { retell } from './retelling.js';
import { SharedServices } from './shared-services.js';
import { Takeover, type TakeoverCounts } from './takeover.js';

/** How long nothing is tried after an error, which would mostly come again at once. */
const RETRY_MS = 1_000;

/** What shared flows go between. */
export interface SharedFlowsParts {
  readonly sharing: FlowSharing;
  /** Its owner disposes of it, after the shared flows. */
  readonly replication: FlowReplication;
  /** Of this node, see ownerNumber. */
  readonly owner: number;
  /** Called with images of flows that this node serves: as they are told, and as they are adopted. */
  readonly onServed?: ((images: Uint8Array) => void) | undefined;
  readonly logger: Logger;
  /** In ms, of a clock that is never set back. */
  readonly now: () => number;
  /** Resolves after so many ms, or when the signal is aborted. */
  readonly pause: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Since the start of this process, but for `dataplane`. */
export interface SharedFlowsCounts {
  readonly dataplane: SharingCounts;
  readonly takeover: TakeoverCounts;
}

/**
 * Goes between the data plane and the store of all nodes: what the one tells of its flows is written to the other, which is
 * asked about those that the data plane misses.
 */
export class SharedFlows implements AsyncDisposable {
  readonly #parts: SharedFlowsParts;
  readonly #takeover: Takeover;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #retelling = { stop: new AbortController(), ended: Promise.resolve() };

  /** Runs until it is disposed of. */
  constructor(config: NodeConfig, parts: SharedFlowsParts) {
    const { sharing, replication, logger } = parts;
    this.#parts = parts;
    this.#takeover = new Takeover(new SharedServices(config), { ...parts, onAdopted: parts.onServed });
    replication.onYield((images) => {
      if (this.#stop.signal.aborted) return;
      try {
        sharing.forget(images);
      } catch (error) {
        logger.error({ event: 'flows_not_forgotten', err: error }, 'flows that another node took over are still here');
      }
    });
    replication.onReturn(() => this.tellAgain());
    this.#running = this.#run();
  }

  /** Puts another configuration in force. */
  reconfigure(config: NodeConfig): void {
    this.#takeover.use(new SharedServices(config));
  }

  /**
   * Tells all flows again that were told, at a limited pace; anew where that is not finished: the store may have lost what it
   * was told before it went again.
   */
  tellAgain(): void {
    const { logger } = this.#parts;
    this.#retelling.stop.abort();
    if (this.#stop.signal.aborted) return;
    const stop = new AbortController();
    const ended = this.#retelling.ended
      .then(() => retell(this.#parts, stop.signal))
      .catch((error: unknown) =>
        logger.error({ event: 'flows_not_told_again', err: error }, 'the store was not told again of all flows'),
      );
    this.#retelling = { stop, ended };
  }

  counts(): SharedFlowsCounts {
    return { dataplane: this.#parts.sharing.counts(), takeover: this.#takeover.counts() };
  }

  /** Resolves when nothing is told or asked any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#retelling.stop.abort();
    await Promise.all([this.#running, this.#retelling.ended]);
    // What is found by now is still settled.
    await turn();
  }

  async #run(): Promise<void> {
    const { sharing, logger, pause } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        await sharing.wait(signal);
        this.#share();
        // Events may never cease; sockets have their turn all the same.
        await turn();
      } catch (error) {
        logger.error(
          { event: 'flow_sharing_failed', err: error },
          'flows could not be shared; the next ones are tried',
        );
        await pause(RETRY_MS, signal);
      }
    }
  }

  #share(): void {
    const { sharing, replication, onServed } = this.#parts;
    const { told, refreshed, ended, missed } = sharing.take();
    if (told.byteLength > 0) replication.tell(told);
    if (refreshed.byteLength > 0) replication.tell(refreshed, true);
    if (ended.byteLength > 0) replication.end(ended);
    onServed?.(told);
    onServed?.(refreshed);
    this.#takeover.missed(missed);
  }
}
