import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CallOptions,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  decodeDetails,
  type GetStatsResponse,
  ServerClient,
  ServerService,
  StatsClient,
  StatsService,
  type StreamStatsResponse,
} from '@weir/admin-api';
import type { AdminConfig } from '@weir/control';
import { createLogger } from '@weir/daemon';
import { WeirError } from '@weir/errors';
import { eventually } from '@weir/errors/test-support';
import test, { type ExecutionContext } from 'ava';
import { invalid } from './admin-error.js';
import { type AdminLimits, AdminServer } from './admin-server.js';
import { serviceMethods } from './service-methods.js';

const logger = createLogger('test', { level: 'fatal', format: 'json' });

/** Heap that a stream which is open may take, its client's share in it: several times of what it was seen to take. */
const WATCHER_BYTES_MAX = 100_000;

/** What the handlers of a test server saw. */
class Seen {
  /** Streams whose iterator was begun and not yet returned. */
  open = 0;
  /** Answers that handlers were asked for. */
  asked = 0;
  aborted = 0;
}

const snapshot = { time: undefined, services: [], drops: {}, handovers: [], flows: 1n, flowCapacity: 2n };

/** Two services of the API, answered by the test. */
function services(seen: Seen, answerBytes = 10) {
  const drops = { ['x'.repeat(answerBytes)]: 1n };
  return [
    serviceMethods(StatsService, {
      getStats: {
        role: 'viewer',
        unary: ({ services: [what] }, { signal }) => {
          if (what === 'field') throw invalid([{ field: 'services[0]', description: 'is no service' }]);
          if (what === 'weir') throw new WeirError('NO_FLOWS', 'no flows are remembered; configure pinning');
          if (what === 'bug') throw new TypeError('cannot read properties of undefined');
          if (what !== 'wait') return Promise.resolve({ snapshot });
          return new Promise((_, reject) => {
            signal.addEventListener('abort', () => {
              seen.aborted += 1;
              reject(new Error('left'));
            });
          });
        },
      },
      streamStats: {
        role: 'viewer',
        async *stream({ services: [what] }, { signal }) {
          seen.open += 1;
          try {
            while (!signal.aborted) {
              seen.asked += 1;
              yield { snapshot: { ...snapshot, drops } };
              if (what !== 'fast') await new Promise((resolve) => signal.addEventListener('abort', resolve));
            }
          } finally {
            seen.open -= 1;
          }
        },
      },
    }),
    serviceMethods(ServerService, {
      getServerInfo: { role: 'viewer', unary: async (_, { role, name }) => ({ ...info, role, node: name }) },
      getConfig: { role: 'viewer', unary: async () => ({ yaml: '', file: '' }) },
      setLogLevel: {
        role: 'admin',
        writes: true,
        unary: async ({ level }, caller) => {
          if (level.length > 100) throw invalid([{ field: 'level', description: `has ${level.length} characters` }]);
          if (level === 'loud') throw invalid([{ field: 'level', description: '"loud" is no level' }]);
          caller.audit({ target: 'log level', before: { password: 'x' }, after: level });
          return { level };
        },
      },
    }),
  ];
}

const info = {
  node: '',
  version: '',
  started: undefined,
  engine: '',
  interfaces: [],
  status: '',
  logLevel: '',
  services: 0,
  backends: 0,
  backendsUsable: 0,
  troubles: [],
};

interface Opened {
  readonly server: AdminServer;
  readonly path: string;
  readonly seen: Seen;
  readonly auditLog: string;
  readonly config: AdminConfig;
}

/** A server at a Unix socket, until the test ends. */
async function open(
  t: ExecutionContext,
  { limits = {}, answerBytes = 10 }: { limits?: Partial<AdminLimits>; answerBytes?: number } = {},
): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'weir-admin-'));
  const path = join(directory, 'admin.sock');
  const auditLog = join(directory, 'audit.log');
  const seen = new Seen();
  const config = { socket: { path, mode: 0o660 }, listen: [], roles: [], auditLog };
  const server = await AdminServer.open(config, services(seen, answerBytes), { logger, limits });
  t.teardown(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  return { server, path, seen, auditLog, config };
}

function statsOf(t: ExecutionContext, path: string, options = {}): StatsClient {
  const client = new StatsClient(`unix:${path}`, credentials.createInsecure(), options);
  t.teardown(() => client.close());
  return client;
}

function serverOf(t: ExecutionContext, path: string): ServerClient {
  const client = new ServerClient(`unix:${path}`, credentials.createInsecure());
  t.teardown(() => client.close());
  return client;
}

const getStats = (client: StatsClient, what: string, options: Partial<CallOptions> = {}) =>
  new Promise<GetStatsResponse>((resolve, reject) => {
    const done = (error: ServiceError | null, answer: GetStatsResponse) => (error ? reject(error) : resolve(answer));
    client.getStats({ services: [what] }, new Metadata(), options, done);
  });

const watching = (services: string[]) => ({ services, interval: undefined });

const errorOf = async (call: Promise<unknown>) =>
  (await call.then(
    () => undefined,
    (error) => error,
  )) as ServiceError;

const first = (stream: ClientReadableStream<StreamStatsResponse>) =>
  new Promise<StreamStatsResponse>((resolve, reject) => stream.once('data', resolve).once('error', reject));

const setLevel = (client: ServerClient, level: string) =>
  new Promise((resolve, reject) =>
    client.setLogLevel({ level }, (error, answer) => (error ? reject(error) : resolve(answer))),
  );

test('the socket has its mode, and who may open it is admin', async (t) => {
  const { path } = await open(t);

  t.is((await stat(path)).mode & 0o777, 0o660);
  const answer = await new Promise((resolve) =>
    serverOf(t, path).getServerInfo({}, (_, found) => resolve([found?.role, found?.node])),
  );
  t.deepEqual(answer, ['admin', `uid ${process.getuid?.()}`]);
});

test('a socket that a former life left gives way, one that is answered does not', async (t) => {
  const { config, path } = await open(t);
  const error = await t.throwsAsync(AdminServer.open(config, [], { logger }), { instanceOf: WeirError });
  t.is(error.code, 'ADMIN_SOCKET_IN_USE');
  t.truthy(await getStats(statsOf(t, path), ''));

  const directory = await mkdtemp(join(tmpdir(), 'weir-admin-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const left = join(directory, 'admin.sock');
  const listen = "require('node:net').createServer().listen(process.argv[1], () => console.log('listens'))";
  const former = spawn(process.execPath, ['-e', listen, left], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(former.stdout, 'data');
  former.kill('SIGKILL');
  await once(former, 'exit');
  t.true((await stat(left)).isSocket(), 'it left its socket');
  await using _server = await AdminServer.open({ ...config, socket: { path: left, mode: 0o600 } }, [], { logger });
  t.is((await stat(left)).mode & 0o777, 0o600);
});

test('a file that is no socket is not removed for one', async (t) => {
  const { config, auditLog } = await open(t);
  await writeFile(auditLog, 'kept');
  const error = await t.throwsAsync(
    AdminServer.open({ ...config, socket: { path: auditLog, mode: 0o600 } }, [], { logger }),
  );

  t.is(
    error.message,
    `admin.socket: ${auditLog} can't be listened on: what is there is no socket; remove it, or name another path`,
  );
  t.is(await readFile(auditLog, 'utf8'), 'kept');
});

test('a wrong field is INVALID_ARGUMENT with its path', async (t) => {
  const { path } = await open(t);
  const error = await errorOf(getStats(statsOf(t, path), 'field'));

  t.is(error.code, status.INVALID_ARGUMENT);
  t.is(error.details, 'services[0]: is no service');
  t.deepEqual(decodeDetails(error.metadata), {
    reason: 'INVALID_REQUEST',
    fieldViolations: [{ field: 'services[0]', description: 'is no service' }],
    preconditionViolations: [],
  });
});

test('an error of Weir has its code as reason; any other is INTERNAL and tells nothing', async (t) => {
  const { path } = await open(t);
  const client = statsOf(t, path);

  const weir = await errorOf(getStats(client, 'weir'));
  t.is(weir.code, status.FAILED_PRECONDITION);
  t.is(weir.details, 'no flows are remembered; configure pinning');
  t.is(decodeDetails(weir.metadata).reason, 'NO_FLOWS');

  const bug = await errorOf(getStats(client, 'bug'));
  t.is(bug.code, status.INTERNAL);
  t.is(bug.details, 'internal error; the log of this node has it');
});

test("a call that is past its deadline, or whose client has gone, aborts the handler's signal", async (t) => {
  const { path, seen } = await open(t);
  const client = statsOf(t, path);

  // Once it is connected, that is enough to reach the handler.
  await getStats(client, '');
  t.is((await errorOf(getStats(client, 'wait', { deadline: Date.now() + 10_000 }))).code, status.DEADLINE_EXCEEDED);
  await eventually('the first handler to be told', async () => (seen.aborted === 1 ? true : undefined));

  const call = client.getStats({ services: ['wait'] }, () => {});
  // A second call that is answered: the first one has reached its handler.
  await getStats(client, '');
  call.cancel();
  await eventually('the second handler to be told', async () => (seen.aborted === 2 ? true : undefined));
});

test('writes are in the audit log, secrets left out, and those that failed with what they asked for', async (t) => {
  const { path, auditLog } = await open(t);
  const client = serverOf(t, path);
  await setLevel(client, 'debug');
  await errorOf(setLevel(client, 'loud'));

  const lines = (await readFile(auditLog, 'utf8')).trim().split('\n');
  const common = {
    caller: `uid ${process.getuid?.()}`,
    role: 'admin',
    from: 'unix socket',
    method: '/weir.admin.v1.Server/SetLogLevel',
  };
  t.deepEqual(
    lines.map((line) => ({ ...JSON.parse(line), time: undefined })),
    [
      {
        ...common,
        time: undefined,
        outcome: 'OK',
        target: 'log level',
        before: { password: '(secret)' },
        after: 'debug',
      },
      {
        ...common,
        time: undefined,
        outcome: 'INVALID_ARGUMENT',
        request: { level: 'loud' },
        message: 'level: "loud" is no level',
      },
    ],
  );
  t.is((await stat(auditLog)).mode & 0o777, 0o640);
});

test('of a long request that was refused the audit log has the beginning', async (t) => {
  const { path, auditLog } = await open(t);
  await errorOf(setLevel(serverOf(t, path), `long ${'x'.repeat(1_000_000)}`));

  const line = await readFile(auditLog, 'utf8');
  t.true(line.length < 10_000, `it has ${line.length} characters`);
  const { request } = JSON.parse(line);
  t.true(request.startsWith('{"level":"long xxx'));
  t.regex(request, /x… \(cut: 10000\d\d characters\)$/);
});

test('a client that reads slowly is asked for: its handler makes no answers ahead of it', async (t) => {
  const { path, seen } = await open(t, { answerBytes: 16_384 });
  const stream = statsOf(t, path).streamStats(watching(['fast']));
  await first(stream);
  stream.pause();
  // What the windows of HTTP/2 and the client's own queue hold; then it stands still.
  let before = -1;
  await eventually('the handler to stand still', async () => {
    const isStill = before === seen.asked;
    before = seen.asked;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return isStill ? true : undefined;
  });
  t.true(seen.asked < 500, `${seen.asked} answers were made`);

  stream.resume();
  await eventually('more answers', async () => (seen.asked > before + 100 ? true : undefined));
  stream.on('error', () => {});
  stream.cancel();
  await eventually('the iterator to be returned', async () => (seen.open === 0 ? true : undefined));
});

test('a client that takes nothing for too long is given up', async (t) => {
  const { path, seen } = await open(t, { answerBytes: 16_384, limits: { stallMs: 300 } });
  const stream = statsOf(t, path).streamStats(watching(['fast']));
  stream.on('error', () => {});
  await first(stream);
  stream.pause();

  await eventually('the iterator to be returned', async () => (seen.open === 0 ? true : undefined));
  t.true(seen.asked > 1, 'it was asked until nobody took what it said');
  stream.cancel();
});

test('2,000 watchers are served at once, one more than the limit is refused, and all leave nothing behind', async (t) => {
  const { path, seen, server } = await open(t, { limits: { watchersMax: 2_000 } });
  const heapBytes = process.memoryUsage().heapUsed;
  // Clients with a channel of their own, 100 streams each.
  const clients = Array.from({ length: 20 }, () => statsOf(t, path, { 'grpc.use_local_subchannel_pool': 1 }));
  const streams = clients.flatMap((client) => Array.from({ length: 100 }, () => client.streamStats(watching([]))));
  for (const stream of streams) stream.on('error', () => {});
  await Promise.all(streams.map(first));
  t.is(server.watchers, 2_000);
  const grownBytes = process.memoryUsage().heapUsed - heapBytes;
  t.true(grownBytes < WATCHER_BYTES_MAX * 2_000, `${Math.round(grownBytes / 2_000)} bytes a stream, of both ends`);
  t.is(seen.open, 2_000);

  const error = await errorOf(first(statsOf(t, path).streamStats(watching([]))));
  t.is(error.code, status.RESOURCE_EXHAUSTED);
  t.is(decodeDetails(error.metadata).reason, 'TOO_MANY_WATCHERS');
  t.truthy(await getStats(statsOf(t, path), ''), 'a unary call is answered all the same');

  // Half say so, half just close their connection.
  for (const stream of streams.slice(0, 1_000)) stream.cancel();
  for (const client of clients.slice(10)) client.close();
  for (const stream of streams.slice(1_000)) stream.cancel();
  await eventually('all to have left', async () => (server.watchers === 0 && seen.open === 0 ? true : undefined));
});

test('a message that is too large is refused', async (t) => {
  const { path } = await open(t, { limits: { messageBytesMax: 1_000 } });
  const client = statsOf(t, path);

  t.is((await errorOf(getStats(client, 'x'.repeat(2_000)))).code, status.RESOURCE_EXHAUSTED);
  t.truthy(await getStats(client, 'x'));
});

test('bytes that are no message of the API end the call alone', async (t) => {
  const { path } = await open(t);
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  t.teardown(() => client.close());
  const raw = (method: string) =>
    new Promise((resolve, reject) =>
      client.makeUnaryRequest(
        method,
        () => Buffer.from('ffffffff', 'hex'),
        (bytes) => bytes,
        {},
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );

  t.is((await errorOf(raw('/weir.admin.v1.Stats/GetStats'))).code, status.INTERNAL);
  t.is((await errorOf(raw('/weir.admin.v1.Stats/Nonsense'))).code, status.UNIMPLEMENTED);
  t.truthy(await getStats(statsOf(t, path), ''));
});

test('a server that closes ends its streams and goes, whatever its clients do', async (t) => {
  const { path, server, seen } = await open(t);
  const stream = statsOf(t, path).streamStats(watching([]));
  await first(stream);
  const ended = errorOf(new Promise((_, reject) => stream.once('error', reject)));

  await server[Symbol.asyncDispose]();
  t.is(seen.open, 0);
  t.is((await ended).code, status.UNAVAILABLE);
  t.is((await errorOf(getStats(statsOf(t, path), ''))).code, status.UNAVAILABLE);
});
