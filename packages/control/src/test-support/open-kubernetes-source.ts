import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@weir/errors/test-support';
import type { ClusterConfigSource } from '../cluster/config-source.js';
import { openDiscoveringSource } from '../discovery/open-discovering-source.js';
import type { ServiceConfig } from '../service-config.js';
import type { KubernetesApiServer } from './kubernetes-api-server.js';
import { LogBook } from './open-source.js';

export interface KubernetesSettings {
  readonly server: KubernetesApiServer;
  readonly name?: string;
  readonly as?: Parameters<KubernetesApiServer['writeKubeconfig']>[1];
  /** One that is there already, with the snapshot in it, and stays. */
  readonly directory?: string;
  /** The node's own. */
  readonly address?: string;
  /** Lines of the section `kubernetes`. */
  readonly kubernetes?: readonly string[];
  /** Further sections. */
  readonly more?: string;
}

/** What one node makes of the Services of a cluster. */
export class OpenedKubernetes implements AsyncDisposable {
  readonly log: LogBook;
  readonly source: ClusterConfigSource;
  readonly #remove: () => void;

  constructor(source: ClusterConfigSource, log: LogBook, remove: () => void) {
    this.source = source;
    this.log = log;
    this.#remove = remove;
    source.follow(async () => {});
  }

  /** Services as `NAME VIP:PORT -> BACKENDS`, with weights that are not 1. */
  services(): readonly string[] {
    return this.source.config.services.map(serviceText);
  }

  async until(...services: readonly string[]): Promise<void> {
    await eventually(
      `services ${services.join(', ')}; there are ${this.services().join(', ')}`,
      () => this.services().join() === services.join(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.source[Symbol.asyncDispose]();
    this.#remove();
  }
}

const POOLS = 'pools: [{ name: main, addresses: [198.51.100.0/30, "2001:db8::10-2001:db8::13"] }]';

export async function openKubernetes(settings: KubernetesSettings): Promise<OpenedKubernetes> {
  const { server, name = 'lb1', as, kubernetes = [POOLS], more = '', address } = settings;
  const directory = settings.directory ?? mkdtempSync(join(tmpdir(), 'weir-kubernetes-'));
  const file = join(directory, 'weir.yaml');
  const kubeconfig = join(directory, 'kubeconfig');
  await server.writeKubeconfig(kubeconfig, as);
  const section = [
    `kubeconfig: ${kubeconfig}`,
    `snapshotFile: ${join(directory, 'kubernetes.snapshot')}`,
    ...kubernetes,
  ];
  const own = address === undefined ? '' : `address: ${address}, `;
  const lines = [
    `node: { name: ${name}, ${own}interfaces: [eth0], localAddresses: [10.0.0.111, "fd00::111"] }`,
    'kubernetes:',
    ...section.map((line) => `  ${line}`),
    more,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const log = new LogBook();
  const remove = () => {
    if (settings.directory === undefined) rmSync(directory, { recursive: true });
  };
  return new OpenedKubernetes(await openDiscoveringSource(file, { logger: log }), log, remove);
}

function serviceText({ name, listeners, backends }: ServiceConfig): string {
  const [listener] = listeners;
  const places = backends.map(({ address, port, weight }) => `${address}:${port}${weight === 1 ? '' : `*${weight}`}`);
  return `${name} ${listener?.vip}:${JSON.stringify(listener?.port)} -> ${places.join(' ')}`;
}
