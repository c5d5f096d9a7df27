import { resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FileChanges, type RunningHost } from '../change/file-changes.js';
import { RunningDocument } from '../change/running-document.js';
import type { ClusterStatus, NodeRecord } from '../cluster-config.js';
import { ConfigError } from '../config-error.js';
import { followFile } from '../follow-file.js';
import { type NodeConfig, nodeConfigOf } from '../node-config.js';
import type { NodeDocument } from '../node-schema.js';
import { loadWrittenNode, type WrittenNode } from '../parse-node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';
import { Bursts } from './bursts.js';
import type { ClusterConfigSource, ConfigSourceOptions, NodeRegistration } from './config-source.js';

/** Somebody who made a change. */
interface Waiting {
  readonly inForce: () => void;
  readonly failed: (error: unknown) => void;
}

/** weir.yaml alone, and what is changed of it while it runs. */
export class FileSource implements ClusterConfigSource, RunningHost {
  readonly path: string;
  readonly changes = new FileChanges(this);
  running: RunningDocument;
  readonly #options: ConfigSourceOptions;
  readonly #bursts = new Bursts(
    () => this.#work(),
    (err) =>
      this.#options.logger.error(
        { event: 'change_not_told', err },
        `a change can't be told: ${err.message}; what is in force stays`,
      ),
    0,
  );
  #config: NodeConfig;
  /** Undefined: a refusal was told last. */
  #told: NodeConfig | undefined;
  /** Of the file. */
  #refused: string | undefined;
  /** Why what was told last is not in force. */
  #failed: string | undefined;
  #fileWanted: 'no' | 'if-changed' | 'in-any-case' = 'no';
  #callback: ((event: ConfigEvent) => Promise<void>) | undefined;
  #watchingFile: Disposable | undefined;
  #waiting: Waiting[] = [];

  constructor(path: string, file: WrittenNode, options: ConfigSourceOptions) {
    this.path = resolve(path);
    this.running = new RunningDocument(file);
    this.#options = options;
    this.#config = nodeConfigOf(file.document);
    this.#told = this.#config;
  }

  get config(): NodeConfig {
    return this.#config;
  }

  get document(): NodeDocument {
    return this.running.document;
  }

  get refused(): string | undefined {
    return this.#refused ?? this.#failed;
  }

  follow(callback: (event: ConfigEvent) => Promise<void>): void {
    this.#callback = callback;
    this.#watchingFile = followFile(this.path, () => this.#lookAtFile('if-changed'));
    // It may have been changed since it was read.
    this.#lookAtFile('if-changed');
  }

  reload(): void {
    this.#lookAtFile('in-any-case');
  }

  status(): ClusterStatus {
    return { source: 'nothing', connected: false, revision: '0', skipped: new Map() };
  }

  register(): NodeRegistration {
    return { refresh() {}, async [Symbol.asyncDispose]() {} };
  }

  nodes(): readonly NodeRecord[] {
    return [];
  }

  async check(next: NodeConfig): Promise<void> {
    const refusal = this.#options.refusal?.(nodeConfigOf(this.running.document), next);
    if (refusal !== undefined) throw refusal;
    await this.#options.check?.(next);
  }

  told(): Promise<void> {
    const told = new Promise<void>((inForce, failed) => this.#waiting.push({ inForce, failed }));
    this.#bursts.push();
    return told;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#callback = undefined;
    this.#watchingFile?.[Symbol.dispose]();
    await this.#bursts[Symbol.asyncDispose]();
  }

  #lookAtFile(how: 'if-changed' | 'in-any-case'): void {
    if (this.#fileWanted !== 'in-any-case') this.#fileWanted = how;
    this.#bursts.push();
  }

  async #work(): Promise<void> {
    const waiting = this.#waiting.splice(0);
    try {
      const isAsked = this.#fileWanted === 'in-any-case';
      const error = this.#fileWanted === 'no' ? undefined : await this.#lookedAtFile(isAsked);
      if (error === undefined || waiting.length > 0) await this.#tell(isAsked && error === undefined);
      for (const { inForce } of waiting) inForce();
    } catch (error) {
      if (waiting.length === 0) throw error;
      for (const { failed } of waiting) failed(error);
    }
  }

  /** @returns why the file is not taken */
  async #lookedAtFile(isAsked: boolean): Promise<ConfigError | undefined> {
    const error = await this.#readFile();
    if (error === undefined) this.#refused = undefined;
    else await this.#refuse(error, isAsked);
    return error;
  }

  async #tell(isAsked: boolean): Promise<void> {
    const config = nodeConfigOf(this.running.document);
    if (!isAsked && isDeepStrictEqual(config, this.#told)) return;
    this.#config = config;
    this.#told = config;
    try {
      await this.#callback?.({ kind: 'changed', config });
      this.#failed = undefined;
    } catch (error) {
      this.#failed = (error as Error).message;
      // What comes next is told in any case.
      this.#told = undefined;
      throw error;
    }
  }

  /** @returns what is wrong with it, for itself, beside the changes that were made of it, or for the node as it runs */
  async #readFile(): Promise<ConfigError | undefined> {
    this.#fileWanted = 'no';
    try {
      const file = await loadWrittenNode(this.path);
      const { running } = this;
      if (file.text === running.file.text) return undefined;
      const next = running.withFile(file);
      await this.check(nodeConfigOf(next.document));
      // Something was changed meanwhile, and the file is to be looked at beside that.
      if (this.running !== running) return this.#readFile();
      const overruled = running.overruledBy(file);
      this.running = next;
      for (const service of overruled) {
        const message = `${this.path} says something new of service ${service}; it stands over what was changed while running`;
        this.#options.logger.warn({ event: 'change_not_kept', service }, message);
      }
      this.changes.listeners.tell();
      return undefined;
    } catch (error) {
      if (error instanceof ConfigError) return error;
      throw error;
    }
  }

  async #refuse(error: ConfigError, isAsked: boolean): Promise<void> {
    if (error.message === this.#refused && !isAsked) return;
    this.#refused = error.message;
    // What comes next is told in any case.
    this.#told = undefined;
    await this.#callback?.({ kind: 'refused', error });
  }
}
