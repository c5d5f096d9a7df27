import { ConfigError } from '../config-error.js';
import type { NodeDocument } from '../node-schema.js';
import { loadNodeDocument } from '../parse-node-config.js';

/** weir.yaml as it was when it was last right. */
export class FileDocument {
  readonly #path: string;
  #refusal: string | undefined;
  value: NodeDocument;

  constructor(path: string, value: NodeDocument) {
    this.#path = path;
    this.value = value;
  }

  /** Reads it anew. @returns what is wrong with it; undefined too where that is known, unless `isAsked` */
  async reload(isAsked: boolean): Promise<ConfigError | undefined> {
    try {
      this.value = await loadNodeDocument(this.#path);
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
