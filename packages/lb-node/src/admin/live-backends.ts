import { serviceId } from '@weir/dataplane';
import { serviceIdOf } from '../forwarding-tables.js';
import { memberId } from '../member-id.js';
import type { KnownBackend, LiveBackend, LiveService } from './backend-message.js';
import { compareKeys } from './page.js';
import type { ConfigParts } from './services-service.js';

/** All backends of all services, those that are written and not in force among them, in the order of services and of their names. */
export function knownBackends({ source, node }: ConfigParts): readonly KnownBackend[] {
  const written = new Map(source.changes.backends().map((backend) => [keyText(backend), backend]));
  const ofConfig = node.inForce().config.services.flatMap(({ name: service, backends }) =>
    backends.map((config): KnownBackend => {
      const id = { service, name: config.name };
      return { ...id, config, written: config.isFallback === true ? undefined : written.get(keyText(id)) };
    }),
  );
  const known = new Set(ofConfig.map(keyText));
  const others = [...written.values()].flatMap((backend): KnownBackend[] =>
    known.has(keyText(backend))
      ? []
      : [{ service: backend.service, name: backend.name, written: backend, config: undefined }],
  );
  return [...ofConfig, ...others].sort((a, b) => compareKeys(keyOf(a), keyOf(b)));
}

/** A fallback may have the name of another backend. */
export function keyOf({ service, name, config }: KnownBackend): readonly string[] {
  return [service, name, config?.isFallback === true ? 'fallback' : ''];
}

/** The same with what this node thinks of them and sends them. */
export async function withLive(
  backends: readonly KnownBackend[],
  { node }: ConfigParts,
): Promise<readonly LiveBackend[]> {
  const inForce = node.inForce();
  const { health, counters } = await node.figures();
  const services = new Map(
    inForce.config.services.map((config, at) => {
      const [used, tables] = [inForce.usedServices[at], inForce.tables.services[at]];
      return [
        config.name,
        used === undefined || tables === undefined ? undefined : ({ config, used, tables } satisfies LiveService),
      ];
    }),
  );
  const counts = new Map(
    counters.services.flatMap((service) =>
      service.backends.map((count) => {
        const { address, port } = count;
        return [`${serviceId(service)} ${memberId(port === 0 ? { address } : { address, port })}`, count] as const;
      }),
    ),
  );
  const reports = new Map(health.backends.map((report) => [`${report.service} ${report.backend}`, report]));
  return backends.map((backend) => {
    const { service, name, config } = backend;
    const live = services.get(service);
    return {
      ...backend,
      live,
      report: reports.get(`${service} ${name}`),
      count: live && config && counts.get(`${serviceIdOf(live.config)} ${memberId(config)}`),
      isReachable: config !== undefined && inForce.reachable.has(config.address),
    };
  });
}

function keyText({ service, name }: { readonly service: string; readonly name: string }): string {
  return `${service} ${name}`;
}
