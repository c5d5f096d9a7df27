import { isDeepStrictEqual } from 'node:util';
import type { NodeConfig } from '@weir/control';
import { prepareKernel, translates } from './prepare-kernel.js';

/**
 * {@link prepareKernel}, pass after pass. What the kernel has to be for a configuration seldom changes when backends do: then
 * it is looked at after the tables, which need not wait for it.
 */
export class KernelPreparation {
  /** What the kernel was last prepared for; undefined: nothing, or it failed. */
  #preparedFor: object | undefined;
  #isLeftForLater = false;

  /** Before the tables are written: prepares the kernel, unless the last pass did for the same. Returns settings that changed. */
  async before(config: NodeConfig): Promise<readonly string[]> {
    this.#isLeftForLater = isDeepStrictEqual(this.#preparedFor, needsOf(config));
    return this.#isLeftForLater ? [] : this.#prepare(config);
  }

  /** After the tables were written: looks at what {@link before} left out. Returns settings that changed. */
  async after(config: NodeConfig): Promise<readonly string[]> {
    return this.#isLeftForLater ? this.#prepare(config) : [];
  }

  async #prepare(config: NodeConfig): Promise<readonly string[]> {
    this.#preparedFor = undefined;
    const changed = await prepareKernel(config);
    this.#preparedFor = needsOf(config);
    return changed;
  }
}

/** All that {@link prepareKernel} looks at. */
function needsOf({ node, services }: NodeConfig): object {
  const { interfaces, localAddresses } = node;
  return { interfaces, localAddresses, someTranslate: services.some(translates) };
}
