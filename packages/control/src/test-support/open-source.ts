import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import type { ClusterLog } from '../cluster/cluster-log.js';
import type { ClusterConfigSource, Refusal } from '../cluster/config-source.js';
import { openConfigSource } from '../cluster/open-config-source.js';
import type { NodeRecord } from '../cluster-config.js';
import type { Endpoint } from '../endpoint-schema.js';
import type { NodeConfig } from '../node-config.js';
import type { ConfigEvent } from '../watch-node-config.js';

/** Lines of a log, as `warn: text`. */
export class LogBook implements ClusterLog {
  readonly lines: string[] = [];
  debug = () => {};
  info = (_: object, message: string) => void this.lines.push(`info: ${message}`);
  warn = (_: object, message: string) => void this.lines.push(`warn: ${message}`);
  error = (_: object, message: string) => void this.lines.push(`error: ${message}`);

  /** Resolves to the first line that the pattern fits. */
  async until(pattern: RegExp): Promise<string> {
    return eventually(`${pattern} in the log`, () => this.lines.find((line) => pattern.test(line)));
  }
}

export interface OpenSettings {
  readonly endpoints: readonly Endpoint[];
  /** Of weir.yaml: further lines of the section etcd. Without one `timeout`, etcd may stand still for 20 s. */
  readonly etcd?: readonly string[];
  /** Of weir.yaml: further sections. */
  readonly more?: string;
  /** One that is there already, with the snapshot in it, and stays. */
  readonly directory?: string;
  readonly name?: string;
  readonly refusal?: Refusal;
}

/** A source that is followed, with its weir.yaml in a temporary directory. */
export class OpenedSource implements AsyncDisposable {
  readonly events: ConfigEvent[] = [];
  readonly #remove: () => void;

  constructor(
    readonly source: ClusterConfigSource,
    readonly log: LogBook,
    readonly file: string,
    remove: () => void,
  ) {
    this.#remove = remove;
    source.follow(async (event) => void this.events.push(event));
  }

  get config(): NodeConfig {
    return this.source.config;
  }

  /** Of the backends of the first service. */
  addresses(): string | undefined {
    return this.config.services[0]?.backends.map(({ address }) => address).join(' ');
  }

  async until(addresses: string | undefined): Promise<void> {
    await eventually(`backends ${addresses}`, () => this.addresses() === addresses);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    this.#remove();
  }
}

export async function openSource(settings: OpenSettings): Promise<OpenedSource> {
  const { endpoints, etcd = [], more = '', name = 'lb1', refusal } = settings;
  const directory = settings.directory ?? mkdtempSync(join(tmpdir(), 'weir-source-'));
  const file = join(directory, 'weir.yaml');
  const section = [
    `endpoints: [${endpoints.map(({ host, port }) => `'${host}:${port}'`).join(', ')}]`,
    `snapshotFile: ${join(directory, 'main.snapshot')}`,
    ...(etcd.some((line) => line.startsWith('timeout:')) ? [] : ['timeout: 20s']),
    ...etcd,
  ];
  const lines = [`node: { name: ${name}, interfaces: [eth0] }`, 'etcd:', ...section.map((line) => `  ${line}`), more];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const log = new LogBook();
  const remove = () => {
    if (settings.directory === undefined) rmSync(directory, { recursive: true });
  };
  return new OpenedSource(
    await openConfigSource(file, { logger: log, ...(refusal && { refusal }) }),
    log,
    file,
    remove,
  );
}

/** What a node says of itself. */
export function nodeRecord(name: string, instance: string, state: NodeRecord['state'] = 'active'): NodeRecord {
  return { name, instance, state, version: '1.0', addresses: ['10.0.0.11'], announces: [] };
}
