import { setTimeout as wait } from 'node:timers/promises';
import {
  type Backend,
  type BackendSpec,
  BackendsService,
  backendEntryOf,
  backendSpecOf,
  type DrainBackendResponse,
  type Duration,
  type Entry,
} from '@weir/admin-api';
import { type BackendInput, type Changed, fieldChanges } from '@weir/control';
import { TimeLimit } from '@weir/daemon';
import { remembersFlows } from '../remembers-flows.js';
import { failedPrecondition, invalid, notFound } from './admin-error.js';
import { backendMessage } from './backend-message.js';
import type { Caller } from './caller.js';
import { changeOptionsOf, changing } from './change-trouble.js';
import { msOf } from './duration-message.js';
import { keyOf, knownBackends, withLive } from './live-backends.js';
import { pageOf } from './page.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import { type ConfigParts, changeMessage } from './services-service.js';

/** How often the connections that are left are counted. */
const COUNT_MS = 500;

/** A request that changes one backend that is there. */
interface Target {
  readonly service: string;
  /** Name or address. */
  readonly backend: string;
  readonly expectedRevision: string;
  readonly save: boolean;
}

/** weir.admin.v1.Backends. */
export function backendsService(parts: ConfigParts): ServiceMethods {
  const { changes } = parts.source;

  /** @throws {AdminError} also of a backend that is none of those that are written */
  const change = async (target: Target, edit: (current: BackendInput) => BackendInput | undefined, caller: Caller) => {
    const { service, backend } = target;
    const editFound = (current: BackendInput | undefined) => edit(current ?? refuseUnwritten(parts, target));
    const options = changeOptionsOf(target, caller.signal);
    const changed = await changing(
      () => changes.changeBackend(service, backend, editFound, options),
      (path) => path,
    );
    caller.audit({ target: `backend ${backend} of service ${service}`, before: changed.before, after: changed.after });
    return changed;
  };

  return serviceMethods(BackendsService, {
    listBackends: {
      role: 'viewer',
      async unary({ service, ...page }) {
        const all = knownBackends(parts).filter((backend) => service === '' || backend.service === service);
        if (all.length === 0 && service !== '') requireService(parts, service);
        const { items, nextPageToken } = pageOf(all, keyOf, page);
        return { backends: (await withLive(items, parts)).map(backendMessage), nextPageToken };
      },
    },
    drainBackend: {
      role: 'operator',
      writes: true,
      async *stream(request, caller): AsyncIterable<DrainBackendResponse> {
        const limitMs = limitOf(request.limit);
        const { after } = await change(request, (current) => ({ ...current, state: 'draining' }), caller);
        const drain = { service: request.service, backend: after as BackendInput, limitMs, signal: caller.signal };
        yield* drainProgress(parts, drain);
      },
    },
    undrainBackend: {
      role: 'operator',
      writes: true,
      async unary(request, caller) {
        const changed = await change(request, undrained, caller);
        return { backend: await changedMessage(parts, request.service, changed), isInForce: changed.isInForce };
      },
    },
    setBackendWeight: {
      role: 'operator',
      writes: true,
      async unary({ weight, ...request }, caller) {
        const changed = await change(request, (current) => ({ ...current, weight }), caller);
        return { backend: await changedMessage(parts, request.service, changed), isInForce: changed.isInForce };
      },
    },
    applyBackend: {
      role: 'admin',
      writes: true,
      async unary({ service, backend, ...asked }, caller) {
        const spec = requireAddress(backend);
        const name = spec.name ?? nameOf(spec);
        const edit = (current: BackendInput | undefined): BackendInput => ({
          ...(current?.name === undefined ? {} : { name: current.name }),
          ...(backendEntryOf(spec) as BackendInput),
        });
        const make = () => changes.changeBackend(service, name, edit, changeOptionsOf(asked, caller.signal));
        const changed = await changing(make, (path) => (path === '' ? 'backend' : `backend.${path}`));
        const { before, after } = changed;
        const target = `backend ${name} of service ${service}${asked.dryRun ? ', dry run' : ''}`;
        caller.audit({ target, before, after });
        return {
          backend: await changedMessage(parts, service, changed),
          changes: fieldChanges(asSpec(before), asSpec(after)).map(changeMessage),
          isInForce: changed.isInForce,
        };
      },
    },
    deleteBackend: {
      role: 'admin',
      writes: true,
      async unary(request, caller) {
        const { isInForce } = await change(request, () => undefined, caller);
        return { isInForce };
      },
    },
  });
}

/** What a drain waits for. */
interface Drain {
  readonly service: string;
  readonly backend: BackendInput;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** How many connections are left, again and again, until none is or the time is up. */
async function* drainProgress(parts: ConfigParts, drain: Drain): AsyncGenerator<DrainBackendResponse> {
  const { limitMs, signal } = drain;
  using limit = new TimeLimit(limitMs, signal);
  const begunMs = performance.now();
  let atStart: number | undefined;
  for (;;) {
    const { left, isWhole, isToldLater } = await connectionsOf(parts, drain, performance.now() - begunMs);
    atStart = Math.max(atStart ?? 0, left);
    const isDrained = isWhole && left === 0;
    yield { connectionsLeft: BigInt(left), connectionsAtStart: BigInt(atStart), isDrained, countsAll: isWhole };
    const isEndless = !isWhole && !isToldLater && limitMs === Number.POSITIVE_INFINITY;
    if (isDrained || isEndless || limit.signal.aborted) return;
    await wait(COUNT_MS, undefined, { signal: limit.signal }).catch(() => {});
    if (signal.aborted) return;
  }
}

interface CountedConnections {
  readonly left: number;
  /** These are all. False: of some flows the tables alone say where they go, and nobody remembers them. */
  readonly isWhole: boolean;
  /** Not yet all: rows that move learn their flows first. */
  readonly isToldLater: boolean;
}

async function connectionsOf(parts: ConfigParts, drain: Drain, sinceMs: number): Promise<CountedConnections> {
  const name = drain.backend.name ?? nameOf(drain.backend);
  const own = knownBackends(parts).filter((known) => known.service === drain.service && known.name === name);
  const [found] = await withLive(
    own.filter(({ written }) => written !== undefined),
    parts,
  );
  const left = found?.count?.activeConnections ?? 0;
  if (found?.live === undefined) return { left, isWhole: true, isToldLater: false };
  const { config } = found.live;
  const learnMs = config.pinning?.learnMs;
  const isWhole = remembersFlows(config) || (learnMs !== undefined && sinceMs > learnMs);
  return { left, isWhole, isToldLater: learnMs !== undefined };
}

function undrained(current: BackendInput): BackendInput {
  const { state, ...rest } = current;
  if (state === 'draining') return rest;
  if (current.weight !== 0) return current;
  throw failedPrecondition('NOT_DRAINING', 'it does not drain, it has weight 0; set the weight that it is to have');
}

/** @throws {AdminError} where it comes from, or that there is none */
function refuseUnwritten(parts: ConfigParts, { service, backend }: Target): never {
  requireService(parts, service);
  const known = knownBackends(parts).find(
    (one) => one.service === service && (one.name === backend || one.config?.address === backend),
  );
  if (known === undefined) throw notFound(`backend ${backend} of service ${service}`);
  const from =
    known.config?.isFallback === true
      ? 'is the fallback of its service; apply the service'
      : 'was found by discovery; change it there';
  throw failedPrecondition('BACKEND_ELSEWHERE', `backend ${backend} of service ${service} ${from}`);
}

function requireService({ source }: ConfigParts, name: string): void {
  if (source.changes.services().every((service) => service.name !== name)) throw notFound(`service ${name}`);
}

function requireAddress(spec: BackendSpec | undefined): BackendSpec {
  if (spec !== undefined && spec.address !== '') return spec;
  throw invalid([{ field: 'backend.address', description: 'is missing' }]);
}

async function changedMessage(
  parts: ConfigParts,
  service: string,
  { after, revision, origin }: Changed<BackendInput>,
): Promise<Backend | undefined> {
  const document = after as BackendInput;
  const name = document.name ?? nameOf(document);
  const known = knownBackends(parts).find((one) => one.service === service && one.name === name);
  const written = { service, name, document, revision, origin };
  const [live] = await withLive([{ service, name, config: known?.config, written }], parts);
  return live && backendMessage(live);
}

/** As weir.yaml calls a backend without a name. */
function nameOf({ address, port }: { readonly address: string; readonly port?: number | undefined }): string {
  if (port === undefined) return address;
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

function asSpec(document: BackendInput | undefined): Entry | undefined {
  return document && backendEntryOf(backendSpecOf(document as Entry));
}

function limitOf(limit: Duration | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  const ms = msOf(limit);
  if (ms >= 0) return ms;
  throw invalid([{ field: 'limit', description: `${ms} ms is less than no time` }]);
}
