import {
  backendSchema,
  duration,
  type Endpoint,
  type EtcdClientConfig,
  endpoint,
  issueText,
  keyPart,
} from '@weir/control';
import { type LogFormat, type LogLevel, logLevels } from '@weir/daemon';
import type { HealthCheck, Probe, ProbeTarget } from '@weir/health';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { invalidArgument, oneOf, parsePort } from './agent-argument.js';

/** What `real-server register` does, checked. */
export interface RegisterOptions {
  readonly etcd: EtcdClientConfig & { readonly endpoints: readonly Endpoint[] };
  readonly key: string;
  /** The key's value while the backend serves, and while it drains. */
  readonly serving: string;
  readonly draining: string;
  /** Absent: registered whatever the server does. */
  readonly check?: { readonly target: ProbeTarget; readonly check: HealthCheck };
  readonly ttlMs: number;
  readonly drainMs: number;
  /** Whose TCP connections a drain waits for. Absent: it takes its whole time. */
  readonly drainPort?: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
}

/** The command line's values as they were written. */
export interface RawRegisterOptions {
  readonly etcd: readonly string[];
  readonly cluster: string;
  readonly service: string;
  readonly name?: string;
  readonly address: string;
  readonly port?: string;
  readonly weight: string;
  readonly secondChance: boolean;
  readonly check: string;
  readonly checkAddress?: string;
  readonly checkPort?: string;
  readonly checkPath: string;
  readonly checkHost?: string;
  readonly interval: string;
  readonly timeout: string;
  readonly rise: string;
  readonly fall: string;
  readonly ttl: string;
  readonly drain: string;
  readonly protocol: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tls: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServerName?: string;
  readonly etcdTimeout: string;
  readonly logLevel: string;
  readonly logFormat: string;
}

/** etcd gives longer leases than are asked for where they are shorter than an election may take. */
const TTL_MIN_MS = 2000;
/** Of the interval, while the verdict may be changing; as nodes do by default. */
const FAST_SHARE = 4;
const FAST_MIN_MS = 100;

/** @throws {AgentError} ARGUMENT_INVALID naming the flag, the value and what would be right */
export function parseRegisterOptions(raw: RawRegisterOptions): RegisterOptions {
  const ttlMs = parsed('--ttl', raw.ttl, duration);
  if (ttlMs < TTL_MIN_MS) throw invalidArgument('--ttl', raw.ttl, 'is less than 2s, the shortest lease of etcd');
  const protocol = oneOf('--protocol', raw.protocol, ['tcp', 'udp']);
  const backend = parseBackend(raw);
  const check = parseCheck(raw, backend);
  const drainPort = check?.target.port ?? backend.port;
  return {
    etcd: parseEtcd(raw),
    key: keyOf(raw, backend),
    serving: JSON.stringify(raw.secondChance ? { ...backend, state: 'active' } : backend),
    draining: JSON.stringify(raw.secondChance ? { ...backend, state: 'draining' } : { ...backend, weight: 0 }),
    ...(check === undefined ? {} : { check }),
    ttlMs,
    drainMs: parsed('--drain', raw.drain, duration),
    ...(protocol === 'udp' || drainPort === undefined ? {} : { drainPort }),
    log: {
      level: oneOf('--log-level', raw.logLevel, logLevels),
      format: oneOf('--log-format', raw.logFormat, ['json', 'pretty']),
    },
  };
}

interface RegisteredBackend {
  readonly address: string;
  readonly port?: number;
  readonly weight: number;
}

function parseBackend(raw: RawRegisterOptions): RegisteredBackend {
  const { shape } = backendSchema;
  return {
    address: parsed('--address', raw.address, shape.address),
    ...(raw.port === undefined ? {} : { port: parsePort('--port', raw.port) }),
    weight: parsed('--weight', raw.weight, shape.weight, Number),
  };
}

function keyOf(raw: RawRegisterOptions, { address, port }: RegisteredBackend): string {
  const cluster = parsed('--cluster', raw.cluster, keyPart);
  const service = parsed('--service', raw.service, keyPart);
  const name = parsed('--name', raw.name ?? (port === undefined ? address : `${address}-${port}`), keyPart);
  return `/weir/v1/${cluster}/backends/${service}/${name}`;
}

function parseEtcd(raw: RawRegisterOptions): RegisterOptions['etcd'] {
  const { username, passwordFile, tlsCa, tlsCert, tlsKey, tlsServerName } = raw;
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw invalidArgument('--username', username ?? '', 'and --password-file are of use together alone');
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw invalidArgument('--tls-cert', tlsCert ?? '', 'and --tls-key are of use together alone');
  }
  const files = {
    ...(tlsCa === undefined ? {} : { ca: tlsCa }),
    ...(tlsCert === undefined ? {} : { certificate: tlsCert }),
    ...(tlsKey === undefined ? {} : { key: tlsKey }),
    ...(tlsServerName === undefined ? {} : { serverName: tlsServerName }),
  };
  return {
    endpoints: raw.etcd.map((text) => parsed('--etcd', text, endpoint)),
    timeoutMs: parsed('--etcd-timeout', raw.etcdTimeout, duration),
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(raw.tls || Object.keys(files).length > 0 ? { tls: files } : {}),
  };
}

function parseCheck(raw: RawRegisterOptions, backend: RegisteredBackend): RegisterOptions['check'] {
  const kind = oneOf('--check', raw.check, ['tcp', 'http', 'https', 'none']);
  if (kind === 'none') return undefined;
  const port = raw.checkPort === undefined ? backend.port : parsePort('--check-port', raw.checkPort);
  if (port === undefined) {
    throw invalidArgument('--check', raw.check, 'needs --port, or --check-port where nodes leave ports as they are');
  }
  const address = raw.checkAddress ?? backend.address;
  if (!isIpAddress(address)) throw invalidArgument('--check-address', address, 'is not an IP address');
  const intervalMs = parsed('--interval', raw.interval, duration);
  return {
    target: { address: canonicalAddress(address), port },
    check: {
      probe: probeOf(kind, raw),
      intervalMs,
      fastIntervalMs: Math.min(intervalMs, Math.max(FAST_MIN_MS, Math.round(intervalMs / FAST_SHARE))),
      timeoutMs: parsed('--timeout', raw.timeout, duration),
      rise: parseCount('--rise', raw.rise),
      fall: parseCount('--fall', raw.fall),
    },
  };
}

function parseCount(flag: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100)
    throw invalidArgument(flag, text, 'is not a number from 1 to 100');
  return count;
}

function probeOf(kind: 'tcp' | 'http' | 'https', { checkPath: path, checkHost: host }: RawRegisterOptions): Probe {
  if (kind === 'tcp') return { kind };
  if (!path.startsWith('/')) throw invalidArgument('--check-path', path, 'does not begin with /');
  return {
    kind: 'http',
    path,
    method: 'GET',
    status: [[200, 399]],
    ...(host === undefined ? {} : { host }),
    ...(kind === 'https' ? { tls: { verify: false } } : {}),
  };
}

/** A schema of zod. */
interface Schema<T> {
  safeParse(value: unknown): { data?: T; error?: { issues: Parameters<typeof issueText>[0][] } };
}

function parsed<T>(flag: string, text: string, schema: Schema<T>, convert: (text: string) => unknown = String): T {
  const { data, error } = schema.safeParse(convert(text));
  const [issue] = error?.issues ?? [];
  if (issue !== undefined) throw invalidArgument(flag, text, issueText(issue));
  return data as T;
}
