import { readFile } from 'node:fs/promises';
import { followFile } from '../follow-file.js';
import { parseYaml } from '../yaml-document.js';
import { checkBackends } from './backend-list.js';
import type { DiscoveredBackend, Discovery, DiscoveryEvent } from './discovery.js';
import { Teller } from './teller.js';

/**
 * Backends in a file: a list of entries as in `backends`, YAML or JSON. A bad entry is skipped and told; while the file
 * can't be read, or is no list, what it said before stays.
 */
export class FileDiscovery implements Discovery {
  readonly name: string;
  readonly #file: string;
  readonly #teller = new Teller();
  #following: Disposable | undefined;
  #reading: Promise<void> | undefined;
  #isStale = false;

  /** @param file  absolute path; need not exist yet */
  constructor(file: string) {
    this.name = `file ${file}`;
    this.#file = file;
  }

  follow(listener: (event: DiscoveryEvent) => void): void {
    this.#teller.follow(listener);
    this.#following = followFile(this.#file, () => this.#look());
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#teller.close();
    this.#following?.[Symbol.dispose]();
    this.#isStale = false;
    await this.#reading;
  }

  #look(): void {
    this.#isStale = true;
    this.#reading ??= this.#read()
      // A file may hold anything: a mistake of ours in reading it must not end the process.
      .catch((error: Error) => this.#teller.trouble(`can't be read: ${error.message}`))
      .finally(() => {
        this.#reading = undefined;
      });
  }

  async #read(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      const text = await readFile(this.#file, 'utf8').catch((error: Error) => error);
      const { backends, problems }: BackendFile =
        text instanceof Error ? { problems: [`can't be read: ${text.message}`] } : parseBackendFile(text);
      if (backends !== undefined) this.#teller.backends(backends);
      this.#teller.trouble(problems.length === 0 ? undefined : problems.join('\n'));
    }
  }
}

interface BackendFile {
  /** Absent: it can't be read, or is no list at all. */
  readonly backends?: readonly DiscoveredBackend[];
  readonly problems: readonly string[];
}

function parseBackendFile(text: string): BackendFile {
  const document = parseYaml(text);
  if (document.value === undefined) {
    return { problems: document.problems.map(({ message, line }) => `${message} (line ${line})`) };
  }
  if (!Array.isArray(document.value)) {
    return { problems: ['expected a list of backends such as [ { address: 10.0.0.21 } ], found something else'] };
  }
  return checkBackends(document.value);
}
