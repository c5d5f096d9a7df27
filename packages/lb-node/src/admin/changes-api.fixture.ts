import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClientReadableStream, credentials, type ServiceError } from '@grpc/grpc-js';
import { BackendsClient, decodeDetails, NodesClient, ServicesClient } from '@weir/admin-api';
import { type ClusterConfigSource, type NodeConfig, openConfigSource } from '@weir/control';
import { createLogger } from '@weir/daemon';
import type { Counters } from '@weir/dataplane';
import type { ExecutionContext } from 'ava';
import { restartRefusal } from '../fixed-settings.js';
import { ForwardingPlanner } from '../forwarding-tables.js';
import type { NodeFigures } from '../metrics/node-figures.js';
import type { RunningNode } from '../node.js';
import type { InForce } from '../node-condition.js';
import { AdminServer } from './admin-server.js';
import { backendsService } from './backends-service.js';
import { nodesService } from './nodes-service.js';
import type { ServiceMethods } from './service-methods.js';
import { servicesService } from './services-service.js';

const logger = createLogger('test', { level: 'fatal', format: 'json' });

/** What the data plane of a node would have counted. */
type Counts = Counters['services'];

/** The API of a node whose configuration is real; only its data plane is told what to have counted. */
export class ChangesApi {
  readonly services: ServicesClient;
  readonly backends: BackendsClient;
  readonly nodes: NodesClient;
  /** Whose caller a test may choose. */
  servicesMethods!: ServiceMethods;
  counts: Counts = [];
  inForce!: InForce;
  /** Why the node does not put a configuration in force. */
  failureOf: (config: NodeConfig) => Error | undefined = () => undefined;

  constructor(
    readonly source: ClusterConfigSource,
    readonly file: string,
    readonly socket: string,
  ) {
    this.services = new ServicesClient(`unix:${socket}`, credentials.createInsecure());
    this.backends = new BackendsClient(`unix:${socket}`, credentials.createInsecure());
    this.nodes = new NodesClient(`unix:${socket}`, credentials.createInsecure());
  }

  /** As a node puts a configuration in force. */
  async putInForce(config: NodeConfig): Promise<void> {
    const planner = new ForwardingPlanner();
    await planner.prepare(config, new Set(), 0);
    const { services: usedServices } = config;
    const { tables } = planner.plan(config, {}, 0);
    const addresses = usedServices.flatMap(({ backends }) => backends.map(({ address }) => address));
    this.inForce = { config, usedServices, tables, reachable: new Set(addresses) };
  }
}

/** @param text  weir.yaml */
export async function openChangesApi(t: ExecutionContext, text: string): Promise<ChangesApi> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-api-'));
  const file = join(directory, 'weir.yaml');
  writeFileSync(file, text);
  const source = await openConfigSource(file, { logger, refusal: restartRefusal });
  const socket = join(directory, 'admin.sock');
  const api = new ChangesApi(source, file, socket);
  await api.putInForce(source.config);
  source.follow(async (event) => {
    if (event.kind === 'refused') return;
    const refusal = restartRefusal(api.inForce.config, event.config) ?? api.failureOf(event.config);
    if (refusal !== undefined) throw refusal;
    await api.putInForce(event.config);
  });
  const parts = { source, node: nodeOf(api) };
  api.servicesMethods = servicesService(parts);
  const server = await AdminServer.open(
    { socket: { path: socket, mode: 0o600 }, listen: [], roles: [], auditLog: join(directory, 'audit.log') },
    [api.servicesMethods, backendsService(parts), nodesService(parts)],
    { logger },
  );
  t.teardown(async () => {
    for (const client of [api.services, api.backends, api.nodes]) client.close();
    await server[Symbol.asyncDispose]();
    await source[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true });
  });
  return api;
}

function nodeOf(api: ChangesApi): Pick<RunningNode, 'figures' | 'inForce' | 'condition'> {
  return {
    figures: async () =>
      ({
        counters: { services: api.counts, handovers: [], drops: {} },
        health: { backends: [] },
        announced: ['198.51.100.1/32'],
      }) as unknown as NodeFigures,
    inForce: () => api.inForce,
    condition: async () => ({
      sessions: { up: 0, configured: 0 },
      tables: '',
      replication: 'none',
      connections: 0,
      packets: 0,
      errors: 0,
      backends: { usable: 0, all: 0 },
    }),
  };
}

/** Calls a unary method of a client: `call((done) => client.getService({ name }, done))`. */
export function call<A>(begin: (done: (error: ServiceError | null, answer: A) => void) => unknown): Promise<A> {
  return new Promise((resolve, reject) => {
    begin((error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

/** Status and fields of a call that is refused. */
export async function refusalOf(
  answer: Promise<unknown>,
): Promise<{ readonly code: number; readonly fields: readonly string[]; readonly message: string }> {
  const error = (await answer.then(
    () => {
      throw new Error('was not refused');
    },
    (refusal: unknown) => refusal,
  )) as ServiceError;
  const fields = decodeDetails(error.metadata).fieldViolations.map(({ field }) => field);
  return { code: error.code, fields, message: error.details };
}

/** All answers of a stream, until it ends or so many have come. */
export async function answersOf<A>(stream: ClientReadableStream<A>, most = Number.POSITIVE_INFINITY): Promise<A[]> {
  const answers: A[] = [];
  for await (const answer of stream) {
    answers.push(answer as A);
    if (answers.length >= most) break;
  }
  stream.cancel();
  return answers;
}
