import { ConfigError } from '../config-error.js';
import { nodeConfigOf } from '../node-config.js';
import type { NodeDocument } from '../node-schema.js';
import { loadWrittenNode, type WrittenNode } from '../parse-node-config.js';
import type { Refusal } from './config-source.js';

/** weir.yaml as it was when it was last right, and could be put in force. */
export class FileDocument {
  readonly #path: string;
  readonly #refusalOf: Refusal;
  #refusal: string | undefined;
  file: WrittenNode;

  constructor(path: string, file: WrittenNode, refusal: Refusal = () => undefined) {
    this.#path = path;
    this.#refusalOf = refusal;
    this.file = file;
  }

  /** Why it is not what stands there now. */
  get refused(): string | undefined {
    return this.#refusal;
  }

  get value(): NodeDocument {
    return this.file.document;
  }

  /** Reads it anew. @returns what is wrong with it; undefined too where that is known, unless `isAsked` */
  async reload(isAsked: boolean): Promise<ConfigError | undefined> {
    try {
      const next = await loadWrittenNode(this.#path);
      const refusal = this.#refusalOf(nodeConfigOf(this.value), nodeConfigOf(next.document));
      if (refusal !== undefined) throw refusal;
      this.file = next;
      this.#refusal = undefined;
      return undefined;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const isKnown = error.message === this.#refusal;
      this.#refusal = error.message;
      return isKnown && !isAsked ? undefined : error;
    }
  }
}
