import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { createLogger } from '@weir/daemon';
import { eventually } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { protoPath } from 'grpc-health-check';
import { GrpcReflection } from 'grpc-js-reflection-client';
import { figures } from '../test-support/figures.js';
import { AdminServer } from './admin-server.js';
import { bgpService } from './bgp-service.js';
import { statsService } from './stats-service.js';

const logger = createLogger('test', { level: 'fatal', format: 'json' });

async function open(t: ExecutionContext): Promise<{ server: AdminServer; address: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-admin-'));
  const path = join(directory, 'admin.sock');
  const read = async () => figures.node;
  const config = { socket: { path, mode: 0o600 }, listen: [], roles: [] };
  const server = await AdminServer.open(config, [bgpService(read), statsService(read)], { logger });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  return { server, address: `unix:${path}` };
}

/** A client that knows nothing of the API but what the server tells. */
async function genericClient(t: ExecutionContext, address: string, service: string): Promise<GenericClient> {
  const reflection = new GrpcReflection(address, credentials.createInsecure());
  const descriptor = await reflection.getDescriptorBySymbol(service);
  const root = descriptor.getPackageObject({ keepCase: true, enums: String, longs: String, defaults: true });
  const found = service.split('.').reduce<unknown>((at, name) => (at as Record<string, unknown>)[name], root);
  const client = new (found as ServiceClientConstructor)(address, credentials.createInsecure());
  t.teardown(() => client.close());
  return client as unknown as GenericClient;
}

type GenericCall = (request: object, done: (error: Error | null, answer: Record<string, unknown>) => void) => void;
type GenericClient = Client & Readonly<Record<string, GenericCall>>;

function call(client: GenericClient, method: string, request: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    client[method]?.(request, (error, answer) => (error === null ? resolve(answer) : reject(error)));
  });
}

test('reflection lists the services that are served, in both of its versions', async (t) => {
  const { address } = await open(t);
  for (const version of ['v1', 'v1alpha'] as const) {
    const reflection = new GrpcReflection(address, credentials.createInsecure(), { version } as never);
    t.deepEqual(await reflection.listServices(), ['weir.admin.v1.Bgp', 'weir.admin.v1.Stats'], version);
  }
});

test('a client that knows only what reflection tells can call and understand the answer', async (t) => {
  const { address } = await open(t);
  const stats = await genericClient(t, address, 'weir.admin.v1.Stats');
  const { snapshot } = await call(stats, 'GetStats', { services: [] });
  const { config, counters } = figures.node;

  const { services } = snapshot as { services: { name: string; traffic: { packets: string } }[] };
  t.deepEqual(
    services.map(({ name }) => name),
    // What is counted and not configured any more comes last, under its listener.
    [...config.services.map(({ name }) => name), '198.51.100.99:53/udp'],
  );
  t.is(services[0]?.traffic.packets, String(counters.services[0]?.packets));
  const error = await t.throwsAsync(call(stats, 'GetStats', { services: ['nonsense'] }));
  t.regex(error.message, /NOT_FOUND: there is no service nonsense/);
});

test('health says NOT_SERVING until the node serves, of each service, and tells those who watch', async (t) => {
  const { address, server } = await open(t);
  const { grpc } = loadPackageDefinition(loadSync(protoPath, { enums: String })) as unknown as {
    readonly grpc: { readonly health: { readonly v1: { readonly Health: ServiceClientConstructor } } };
  };
  const client = new grpc.health.v1.Health(address, credentials.createInsecure());
  t.teardown(() => client.close());
  const check = (service: string) => call(client as unknown as GenericClient, 'Check', { service });
  const seen: string[] = [];
  const watch = (client as unknown as Record<string, (request: object) => NodeJS.ReadableStream>).Watch?.({
    service: 'weir.admin.v1.Bgp',
  });
  watch?.on('data', ({ status }: { status: string }) => seen.push(status)).on('error', () => {});
  await eventually('the watcher to be told', async () => seen[0]);

  t.deepEqual(await check(''), { status: 'NOT_SERVING' });
  server.setServing(true);
  t.deepEqual(await check(''), { status: 'SERVING' });
  t.deepEqual(await check('weir.admin.v1.Stats'), { status: 'SERVING' });
  const unknown = await t.throwsAsync(check('weir.admin.v1.Nonsense'));
  t.regex(unknown.message, /^5 NOT_FOUND/);
  await eventually('the watcher to be told of it', async () => seen[1]);
  t.deepEqual(seen, ['NOT_SERVING', 'SERVING']);
});
