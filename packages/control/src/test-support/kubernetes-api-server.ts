import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type KubernetesObject, type PodState, serviceObject, sliceObject } from './kubernetes-objects.js';
import { type Kind, KubernetesStore, StoreConflict } from './kubernetes-store.js';
import type { TlsFiles } from './tls-files.js';

/** Who has it may ask. */
export const KUBERNETES_TOKEN = 'token-of-lb-node';

/** A request for objects. */
interface Asked {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly isStatus: boolean;
}

interface ServerSettings {
  readonly tls: TlsFiles;
  readonly host?: string;
  readonly port?: number;
  /** Objects of a page at most, whatever is asked for. */
  readonly pageMax?: number;
}

/**
 * A small API server of Kubernetes: Services, EndpointSlices, Leases and Events, by HTTPS, for who has the token or a
 * certificate. It lists in pages, watches by chunks with bookmarks, and takes writes of the version that it has, as described in
 * https://kubernetes.io/docs/reference/using-api/api-concepts.
 */
export class KubernetesApiServer implements AsyncDisposable {
  readonly store = new KubernetesStore();
  readonly #settings: ServerSettings;
  readonly #sockets = new Set<Duplex>();
  readonly #pages = new Map<string, readonly KubernetesObject[]>();
  #server: Server | undefined;
  #port = 0;
  /** What writes are answered with instead, and reads too while `reads`; of paths that fit `path`, or of all. */
  refusal: { readonly code: number; readonly reads?: boolean; readonly path?: RegExp } | undefined;
  /** Watches are taken, and never answered. */
  isSilent = false;
  /** By `METHOD KIND`, with ` watch`: how often was asked. */
  readonly asked = new Map<string, number>();

  private constructor(settings: ServerSettings) {
    this.#settings = settings;
  }

  static async start(settings: ServerSettings): Promise<KubernetesApiServer> {
    const server = new KubernetesApiServer(settings);
    await server.resume();
    return server;
  }

  get url(): string {
    return `https://${this.#settings.host ?? '127.0.0.1'}:${this.#port}`;
  }

  /** Listens, at the same port as before. */
  async resume(): Promise<void> {
    const { tls, host = '127.0.0.1', port = this.#port } = this.#settings;
    const [ca, cert, key] = await Promise.all([tls.ca, tls.certificate, tls.key].map((file) => readFile(file)));
    const options = {
      ca: ca as Buffer,
      cert: cert as Buffer,
      key: key as Buffer,
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(options, (request, response) => void this.#answer(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket)).on('error', () => {});
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Is gone, with all connections; what it stores stays. */
  async pause(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server?.close(() => resolve()) ?? resolve());
    this.dropConnections();
    await closed;
  }

  /** Connections break in the middle of what is sent. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  putService(name: string, settings: Parameters<typeof serviceObject>[1] = {}): KubernetesObject {
    const namespace = settings.namespace ?? 'shop';
    const before = this.store.get('services', namespace, name);
    return this.store.put('services', {
      ...serviceObject(name, settings),
      ...(before && { status: before.status }),
    });
  }

  putPods(
    service: string,
    pods: Readonly<Record<string, PodState>>,
    settings: Partial<Parameters<typeof sliceObject>[1]> = {},
  ): void {
    this.store.put('endpointslices', sliceObject(service, { ...settings, pods }));
  }

  /** Addresses in the status of a Service. */
  addresses(name: string, namespace = 'shop'): string {
    const { status } = (this.store.get('services', namespace, name) ?? {}) as {
      readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip: string }[] } };
    };
    return (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip).join(' ');
  }

  /** Events of Services, as `NAME REASON: MESSAGE`. */
  events(): readonly string[] {
    return this.store.list('events', undefined).map((event) => {
      const { involvedObject, reason, message } = event as unknown as {
        readonly involvedObject: { readonly name: string };
        readonly reason: string;
        readonly message: string;
      };
      return `${involvedObject.name} ${reason}: ${message}`;
    });
  }

  /** Writes a kubeconfig for an account with a token, or with a certificate. */
  async writeKubeconfig(file: string, as: 'token' | 'certificate' | 'nobody' = 'token'): Promise<void> {
    const { tls } = this.#settings;
    const user = {
      token: { token: KUBERNETES_TOKEN },
      certificate: { 'client-certificate': tls.certificate, 'client-key': tls.key },
      nobody: { token: 'another' },
    }[as];
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster: { server: this.url, 'certificate-authority': tls.ca } }],
      users: [{ name: 'lb-node', user }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lb-node', namespace: 'weir-system' } }],
      'current-context': 'lab',
    };
    await writeFile(file, JSON.stringify(kubeconfig));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pause();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://server');
    const asked = askedFor(url.pathname);
    const isRead = request.method === 'GET';
    const isWatch = url.searchParams.get('watch') === 'true';
    try {
      const { authorized } = request.socket as TLSSocket;
      if (!authorized && request.headers.authorization !== `Bearer ${KUBERNETES_TOKEN}`)
        return fail(response, 401, 'Unauthorized');
      if (asked === undefined) return fail(response, 404, `no such path ${url.pathname}`);
      const what = `${request.method} ${asked.kind}${isWatch ? ' watch' : ''}`;
      this.asked.set(what, (this.asked.get(what) ?? 0) + 1);
      if (isWatch && this.isSilent) return;
      if (
        this.refusal !== undefined &&
        (!isRead || this.refusal.reads) &&
        this.refusal.path?.test(url.pathname) !== false
      )
        return fail(response, this.refusal.code, 'refused');
      if (isWatch) return this.#watch(asked, url.searchParams, response);
      if (isRead && asked.name === undefined) return this.#list(asked, url.searchParams, response);
      if (isRead) return this.#get(asked, response);
      this.#write(request.method ?? '', asked, JSON.parse(await bodyOf(request)) as KubernetesObject, response);
    } catch (error) {
      if (!response.destroyed) fail(response, error instanceof StoreConflict ? 409 : 500, (error as Error).message);
    }
  }

  #get({ kind, namespace = '', name = '' }: Asked, response: ServerResponse): void {
    const object = this.store.get(kind, namespace, name);
    if (object === undefined) fail(response, 404, `${kind} "${name}" not found`);
    else send(response, 200, object);
  }

  /** The rest of a list is of the version that its first page was of. */
  #list({ kind, namespace }: Asked, query: URLSearchParams, response: ServerResponse): void {
    const { pageMax = Number.POSITIVE_INFINITY } = this.#settings;
    const [version = String(this.store.version), from = '0'] = query.get('continue')?.split(' ') ?? [];
    const id = `${kind} ${namespace ?? ''} ${version}`;
    const all = this.#pages.get(id) ?? this.store.list(kind, namespace);
    this.#pages.set(id, all);
    const end = Number(from) + Math.min(Number(query.get('limit') ?? Number.POSITIVE_INFINITY), pageMax);
    const isLast = end >= all.length;
    if (isLast) this.#pages.delete(id);
    send(response, 200, {
      apiVersion: 'v1',
      kind: 'List',
      metadata: { resourceVersion: version, ...(isLast ? {} : { continue: `${version} ${end}` }) },
      items: all.slice(Number(from), end),
    });
  }

  #watch({ kind, namespace }: Asked, query: URLSearchParams, response: ServerResponse): void {
    let version = Number(query.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    const write = (type: string, object: unknown) => {
      const line = `${JSON.stringify({ type, object })}\n`;
      // Chunks end anywhere.
      response.write(line.slice(0, line.length / 2));
      response.write(line.slice(line.length / 2));
    };
    const tell = () => {
      const events = this.store.after(version);
      if (events === undefined) {
        write('ERROR', {
          kind: 'Status',
          status: 'Failure',
          reason: 'Expired',
          code: 410,
          message: 'too old resource version',
        });
        response.end();
        return;
      }
      for (const event of events) {
        if (event.kind === kind && (namespace ?? event.object.metadata.namespace) === event.object.metadata.namespace)
          write(event.type, event.object);
      }
      if (version === this.store.version) return;
      version = this.store.version;
      write('BOOKMARK', { kind: 'Bookmark', metadata: { resourceVersion: String(version) } });
    };
    const { changes } = this.store;
    changes.on('change', tell);
    response.on('close', () => changes.off('change', tell));
    tell();
  }

  #write(
    method: string,
    { kind, namespace = '', name, isStatus }: Asked,
    body: KubernetesObject,
    response: ServerResponse,
  ): void {
    if (method === 'POST') {
      this.#create(kind, namespace, body, response);
      return;
    }
    const before = this.store.get(kind, namespace, name ?? '');
    if (before === undefined) {
      fail(response, 404, `${kind} "${name}" not found`);
      return;
    }
    const metadata = { ...before.metadata, ...body.metadata };
    const next = isStatus ? { ...before, metadata, status: body.status } : { ...body, metadata };
    send(response, 200, this.store.put(kind, next));
  }

  #create(kind: Kind, namespace: string, body: KubernetesObject, response: ServerResponse): void {
    const { generateName } = body.metadata as { readonly generateName?: string };
    const name = body.metadata.name ?? `${generateName}${this.store.version}`;
    if (this.store.get(kind, namespace, name) !== undefined) throw new StoreConflict(`${name} is there already`);
    send(response, 201, this.store.put(kind, { ...body, metadata: { ...body.metadata, namespace, name } }));
  }
}

const PATH =
  /^\/api(?:s\/[^/]+)?\/v1(?:\/namespaces\/([^/]+))?\/(services|endpointslices|leases|events)(?:\/([^/]+))?(\/status)?$/;

function askedFor(path: string): Asked | undefined {
  const [match, namespace, kind, name, status] = PATH.exec(path) ?? [];
  return match === undefined ? undefined : { kind: kind as Kind, namespace, name, isStatus: status !== undefined };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function send(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function fail(response: ServerResponse, code: number, message: string): void {
  send(response, code, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, message });
}
