import { setTimeout as wait } from 'node:timers/promises';
import type { Announcement } from '../announcement.js';
import { heldVips } from './held-vips.js';
import { keepalivedConfiguration } from './keepalived-configuration.js';
import { findKeepalived, type KeepalivedCommand, runKeepalived, stopKeepalived } from './keepalived-process.js';
import { forgetTrackFiles, prepareTrackFiles, writeTrackFile } from './track-files.js';
import type { VrrpOptions } from './vrrp-options.js';

export interface VrrpStatus {
  readonly keepalived: { readonly kind: 'running'; readonly pid: number } | { readonly kind: 'down' };
  /** VIPs that this node can serve. */
  readonly announced: readonly string[];
  /** Those of them that it has: the other nodes stand by. */
  readonly held: readonly string[];
}

/** The same two verbs as with BGP: say all that this node can serve, and stop. Who of those that can has a VIP, VRRP decides. */
export interface VrrpSpeaker extends AsyncDisposable {
  /**
   * All VIPs that there are, served or not: each has an instance of VRRP. Those that are not there any more are given up.
   * @throws {SpeakerError} KEEPALIVED_MISSING, KEEPALIVED_FAILED, ROUTER_IDS_EXHAUSTED
   */
  expect(vips: ReadonlySet<string>): Promise<void>;
  /**
   * This node can serve these and no others; what it has of others it gives up at once. Attributes of routes mean nothing here.
   * @throws {SpeakerError} as `expect` does, for a VIP that it was not told
   */
  set(announcements: readonly Announcement[]): Promise<void>;
  status(): VrrpStatus;
  /** `leaveRunning`: keepalived goes on, with the VIPs that it has, for the next life to find. */
  stop(options: { leaveRunning: boolean }): Promise<void>;
}

const WATCH_MS = 500;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 5_000;

/** Starts to watch; keepalived runs from the first VIP on. What a former life left running has its VIPs until then. */
export function startVrrpSpeaker(options: VrrpOptions): VrrpSpeaker {
  const speaker = new Speaker(options);
  speaker.supervise();
  return speaker;
}

class Speaker implements VrrpSpeaker {
  readonly #options: VrrpOptions;
  readonly #keepalived: KeepalivedCommand;
  readonly #stopped = new AbortController();
  #vips: ReadonlySet<string> = new Set();
  /** Undefined before the first `set`. */
  #served: ReadonlySet<string> | undefined;
  #held: ReadonlySet<string> = new Set();
  #supervision: Promise<void> = Promise.resolve();
  /** Changes of what keepalived runs with go one after the other. */
  #running: Promise<void> = Promise.resolve();

  constructor(options: VrrpOptions) {
    this.#options = options;
    this.#keepalived = { command: options.command, directory: options.directory };
  }

  async expect(vips: ReadonlySet<string>): Promise<void> {
    this.#vips = new Set(vips);
    await this.#run();
  }

  async set(announcements: readonly Announcement[]): Promise<void> {
    const { directory } = this.#options;
    const served = new Set(announcements.map(({ prefix }) => prefix.slice(0, prefix.lastIndexOf('/'))));
    const vips = new Set([...this.#vips, ...served]);
    prepareTrackFiles(directory, vips);
    for (const vip of vips) {
      if (this.#served === undefined || this.#served.has(vip) !== served.has(vip)) {
        writeTrackFile(directory, vip, served.has(vip));
      }
    }
    this.#served = served;
    if (vips.size > this.#vips.size) await this.expect(vips);
  }

  status(): VrrpStatus {
    const pid = findKeepalived(this.#keepalived);
    return {
      keepalived: pid === undefined ? { kind: 'down' } : { kind: 'running', pid },
      announced: [...(this.#served ?? [])],
      held: [...heldVips(this.#options.interface, this.#vips)],
    };
  }

  async stop({ leaveRunning }: { leaveRunning: boolean }): Promise<void> {
    this.#stopped.abort();
    await this.#supervision;
    await this.#running.catch(() => {});
    if (!leaveRunning) await stopKeepalived(this.#keepalived);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop({ leaveRunning: false });
  }

  /** Watches keepalived, brings it back when it is gone, and tells the log which VIPs came and went. */
  supervise(): void {
    this.#supervision = this.#supervise();
  }

  async #supervise(): Promise<void> {
    const { signal } = this.#stopped;
    let backoffMs = BACKOFF_FIRST_MS;
    while (!signal.aborted) {
      await wait(WATCH_MS, undefined, { signal }).catch(() => {});
      // A start or a reload that is on its way ends first.
      await this.#running.catch(() => {});
      this.#tellMoves();
      if (signal.aborted || this.#vips.size === 0) continue;
      if (findKeepalived(this.#keepalived) !== undefined) {
        backoffMs = BACKOFF_FIRST_MS;
        continue;
      }
      this.#options.logger.error(
        { event: 'keepalived_lost', retryInMs: backoffMs },
        'keepalived is gone; it is started again',
      );
      await wait(backoffMs, undefined, { signal }).catch(() => {});
      backoffMs = Math.min(backoffMs * 2, BACKOFF_MAX_MS);
      if (signal.aborted) return;
      await this.#run().catch((error: unknown) => {
        this.#options.logger.error({ event: 'keepalived_start_failed', err: error }, 'keepalived could not be started');
      });
    }
  }

  #tellMoves(): void {
    const { logger, interface: name } = this.#options;
    const held = heldVips(name, this.#vips);
    for (const vip of held) if (!this.#held.has(vip)) logger.info({ event: 'vip_taken', vip }, `${vip} is here now`);
    for (const vip of this.#held)
      if (!held.has(vip)) logger.warn({ event: 'vip_given_up', vip }, `${vip} is not here any more`);
    this.#held = held;
  }

  /** keepalived runs, with an instance for each VIP; without VIPs it does not. */
  #run(): Promise<void> {
    this.#running = this.#running
      .catch(() => {})
      .then(async () => {
        if (this.#stopped.signal.aborted) return;
        const { directory } = this.#options;
        const vips = this.#vips;
        prepareTrackFiles(directory, vips);
        if (vips.size === 0) await stopKeepalived(this.#keepalived);
        else await runKeepalived(this.#keepalived, keepalivedConfiguration([...vips], this.#options, directory));
        forgetTrackFiles(directory, vips);
      });
    return this.#running;
  }
}
