import { isDeepStrictEqual } from 'node:util';
import type { SpeakerLogger } from '@weir/bgp-speaker';
import { followFile } from '@weir/control';
import { WeirError } from '@weir/errors';
import { type AnnounceOverrides, readOverrides } from './announce-overrides.js';

/** The overrides of a file that may change at any time; the last good ones stay while the file is wrong. */
export class OverrideSource implements Disposable {
  readonly #file: string;
  readonly #logger: SpeakerLogger;
  readonly #onChange: () => void;
  readonly #following: Disposable;
  #overrides: AnnounceOverrides = new Map();

  /**
   * @param onChange  called when other overrides are in force
   * @throws {WeirError} OVERRIDES_INVALID: the file is there and wrong
   */
  constructor(file: string, logger: SpeakerLogger, onChange: () => void) {
    this.#file = file;
    this.#logger = logger;
    this.#onChange = onChange;
    this.#take(readAtStart(file));
    this.#following = followFile(file, () => this.#look());
  }

  /** Those in force. */
  get overrides(): AnnounceOverrides {
    return this.#overrides;
  }

  [Symbol.dispose](): void {
    this.#following[Symbol.dispose]();
  }

  #look(): void {
    const before = this.#overrides;
    this.#read();
    if (!isDeepStrictEqual(before, this.#overrides)) this.#onChange();
  }

  #read(): void {
    try {
      this.#take(readOverrides(this.#file));
    } catch (error) {
      this.#logger.error(
        { event: 'overrides_refused', err: error },
        `${(error as Error).message}; what was in force stays`,
      );
    }
  }

  #take(overrides: AnnounceOverrides): void {
    for (const [vip, override] of overrides) {
      if (this.#overrides.get(vip) === override) continue;
      this.#logger.warn(
        { event: 'override_set', vip, override },
        `operators have turned the announcement of ${vip} ${override}`,
      );
    }
    for (const [vip] of this.#overrides) {
      if (!overrides.has(vip))
        this.#logger.info({ event: 'override_removed', vip }, `the announcement of ${vip} is left to the node again`);
    }
    this.#overrides = overrides;
  }
}

/** Without what the file says, VIPs would be announced that operators turned off. */
function readAtStart(file: string): AnnounceOverrides {
  try {
    return readOverrides(file);
  } catch (cause) {
    const message = `${(cause as Error).message}. Repair or remove it: VIPs that it turns off must not be announced unseen`;
    throw new WeirError('OVERRIDES_INVALID', message, { cause, details: { file } });
  }
}
