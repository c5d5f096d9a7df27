import { isDeepStrictEqual } from 'node:util';
import {
  type Entry,
  type FieldChange,
  Origin,
  type Service,
  ServiceSpec,
  ServicesService,
  serviceEntryOf,
  serviceSpecOf,
  type WatchServicesResponse,
} from '@weir/admin-api';
import {
  type ClusterConfigSource,
  type EntryOrigin,
  fieldChanges,
  type ServiceInput,
  type WrittenService,
} from '@weir/control';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import type { RunningNode } from '../node.js';
import { type InForce, usableBackendsOf } from '../node-condition.js';
import { invalid, notFound } from './admin-error.js';
import { afterChanges } from './after-changes.js';
import type { Role } from './caller.js';
import { changeOptionsOf, changing } from './change-trouble.js';
import { withFields } from './field-mask.js';
import { pageOf } from './page.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import { SharedReading } from './shared-reading.js';
import { visibleSpec } from './visible-spec.js';

/** What services, backends and nodes are read from, and changed by. */
export interface ConfigParts {
  readonly source: Pick<ClusterConfigSource, 'config' | 'changes' | 'nodes'>;
  readonly node: Pick<RunningNode, 'figures' | 'inForce' | 'condition'>;
}

/** How old what is announced may be that watchers are told. */
const WATCHERS_MS = 100;

/** All that a mask can name. */
const specFields = ServiceSpec.fromPartial({
  persistence: {},
  pinning: {},
  secondChance: {},
  healthCheck: { tls: {}, damping: {} },
  fallback: {},
  announce: {},
  passiveCheck: {},
});

/** weir.admin.v1.Services. */
export function servicesService({ source, node }: ConfigParts): ServiceMethods {
  const { changes } = source;
  const messageOf = (written: WrittenService, announced: readonly string[], role: Role) => {
    const message = serviceMessage(written, announced, node.inForce());
    return { ...message, spec: message.spec && visibleSpec(message.spec, role) };
  };
  const announced = async () => (await node.figures()).announced;
  // They all wake at the same moment.
  const announcedToWatchers = new SharedReading(announced, WATCHERS_MS);
  const writtenNamed = (name: string) => changes.services().find((service) => service.name === name);

  return serviceMethods(ServicesService, {
    applyService: {
      role: 'admin',
      writes: true,
      async unary({ service, updateMask = [], ...asked }, caller) {
        const spec = requireName(service);
        const edit = (current: ServiceInput | undefined) => edited(current, spec, updateMask);
        const change = () => changes.changeService(spec.name, edit, changeOptionsOf(asked, caller.signal));
        const changed = await changing(change, (path) => fieldOf(path, spec));
        const { before, after, revision, origin, isInForce } = changed;
        caller.audit({ target: `service ${spec.name}${asked.dryRun ? ', dry run' : ''}`, before, after });
        const written = { name: spec.name, document: after as ServiceInput, revision, origin };
        return {
          service: messageOf(written, await announced(), caller.role),
          changes: fieldChanges(asSpec(before), asSpec(after)).map(changeMessage),
          isInForce,
        };
      },
    },
    getService: {
      role: 'viewer',
      async unary({ name }, { role }) {
        const written = writtenNamed(name);
        if (written === undefined) throw notFound(`service ${name}`);
        return { service: messageOf(written, await announced(), role) };
      },
    },
    listServices: {
      role: 'viewer',
      async unary({ vip, ...page }, { role }) {
        const all = changes.services().filter(({ document }) => vip === '' || listensOn(document, vip));
        const { items, nextPageToken } = pageOf(all, ({ name }) => [name], page);
        const prefixes = await announced();
        return { services: items.map((written) => messageOf(written, prefixes, role)), nextPageToken };
      },
    },
    deleteService: {
      role: 'admin',
      writes: true,
      async unary({ name, ...asked }, caller) {
        const gone = (current: ServiceInput | undefined) => {
          if (current === undefined) throw notFound(`service ${name}`);
          return undefined;
        };
        const change = () => changes.changeService(name, gone, changeOptionsOf(asked, caller.signal));
        const { before, isInForce } = await changing(change, (path) => path);
        caller.audit({ target: `service ${name}`, before });
        return { isInForce };
      },
    },
    watchServices: {
      role: 'viewer',
      async *stream({ names }, { signal, role }): AsyncIterable<WatchServicesResponse> {
        let told: ReadonlyMap<string, WrittenService> = new Map();
        let isComplete = false;
        for await (const _ of afterChanges(changes, signal)) {
          const wanted = changes.services().filter(({ name }) => names.length === 0 || names.includes(name));
          const now = new Map(wanted.map((written) => [written.name, written]));
          const prefixes = await announcedToWatchers.get();
          for (const written of wanted) {
            if (isSameEntry(told.get(written.name), written)) continue;
            yield { event: { $case: 'applied', value: messageOf(written, prefixes, role) } };
          }
          for (const name of told.keys()) if (!now.has(name)) yield { event: { $case: 'deleted', value: name } };
          told = now;
          if (!isComplete) yield { event: { $case: 'isComplete', value: true } };
          isComplete = true;
        }
      },
    },
  });
}

function isSameEntry(told: WrittenService | undefined, now: WrittenService): boolean {
  return told === now || (told?.revision === now.revision && told.origin === now.origin);
}

export const originOf: Readonly<Record<EntryOrigin, Origin>> = {
  file: Origin.FILE,
  etcd: Origin.ETCD,
  running: Origin.RUNNING,
};

export function changeMessage({ path, before, after }: ReturnType<typeof fieldChanges>[number]): FieldChange {
  const json = (value: unknown) => (value === undefined ? '' : JSON.stringify(value));
  return { path, beforeJson: json(before), afterJson: json(after) };
}

function serviceMessage(
  { name, document, revision, origin }: WrittenService,
  announced: readonly string[],
  inForce: InForce,
): Service {
  const vips = new Set(listenersOf(document).map(({ vip }) => canonical(vip)));
  return {
    spec: serviceSpecOf(document as Entry),
    revision,
    origin: originOf[origin],
    usableBackends: usableBackendsOf(name, inForce),
    scheduler: schedulerOf(name, inForce),
    announced: announced.filter((prefix) => vips.has(prefix.split('/')[0] ?? '')),
  };
}

/** Empty: the service is not in force. */
function schedulerOf(name: string, { config }: InForce): string {
  const service = config.services.find((one) => one.name === name);
  if (service === undefined) return '';
  return service.secondChance === undefined ? service.scheduler : 'second chance';
}

function requireName(spec: ServiceSpec | undefined): ServiceSpec {
  if (spec !== undefined && spec.name !== '') return spec;
  throw invalid([{ field: 'service.name', description: 'is missing' }]);
}

/** What is asked for; as it was written, where it says the same in other words. */
function edited(current: ServiceInput | undefined, spec: ServiceSpec, mask: readonly string[]): ServiceInput {
  if (mask.length > 0 && current === undefined) throw notFound(`service ${spec.name}`);
  const former = current && serviceSpecOf(current as Entry);
  const wanted = former === undefined || mask.length === 0 ? spec : withFields(former, spec, mask, specFields);
  const entry = serviceEntryOf({ ...wanted, name: spec.name });
  const isSame = former !== undefined && isDeepStrictEqual(serviceEntryOf(former), entry);
  return isSame ? (current as ServiceInput) : (entry as ServiceInput);
}

/** In the words of the API, so that only what means something else is a change. */
function asSpec(document: ServiceInput | undefined): Entry | undefined {
  if (document === undefined) return undefined;
  const { name: _, ...entry } = serviceEntryOf(serviceSpecOf(document as Entry));
  return entry;
}

/** A single listener's keys stand in the entry itself. */
function fieldOf(path: string, { listeners }: ServiceSpec): string {
  if (listeners.length === 1 && /^(vip|protocol|port)\b/.test(path)) return `service.listeners[0].${path}`;
  if (listeners.length === 0 && /^(vip|port)$/.test(path)) return 'service.listeners';
  if (path.startsWith('discovery')) return 'service.discoveryJson';
  return path === '' ? 'service' : `service.${path}`;
}

function listensOn(document: ServiceInput, vip: string): boolean {
  return listenersOf(document).some((listener) => canonical(listener.vip) === canonical(vip));
}

function listenersOf(document: ServiceInput) {
  return serviceSpecOf(document as Entry).listeners;
}

function canonical(address: string): string {
  return isIpAddress(address) ? canonicalAddress(address) : address;
}
