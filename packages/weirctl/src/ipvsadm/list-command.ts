import type { Balancer } from './balancer.js';
import type { IpvsadmCommand, ListSettings } from './ipvsadm-command.js';
import type { IpvsadmContext } from './ipvsadm-context.js';
import { refused } from './ipvsadm-error.js';
import { isListedAs, type ListedService, listedServices } from './listed-service.js';
import type { NameLookup } from './name-lookup.js';
import { connectionLine, connectionTitle } from './print-connections.js';
import { type EndpointName, listLines, versionLine } from './print-list.js';
import { ruleLines } from './print-rules.js';
import { endpointText, keyText } from './virtual-service.js';
import { countersSince } from './zeroed-counters.js';

type ListCommand = Extract<IpvsadmCommand, { kind: 'list' }>;

/** `-L`: all services, or one. */
export async function listServices({ key, settings }: ListCommand, context: IpvsadmContext): Promise<void> {
  const all = await listed(settings, context);
  const services = key === undefined ? all : all.filter((service) => isListedAs(service, key));
  if (key !== undefined && services.length === 0) refused(`No such service: ${keyText(key)}`);
  if (key === undefined) context.print(versionLine(await context.balancer.flowCapacity()));
  const { exact, format } = settings;
  const nameOf = await endpointNames(services, settings, context.names);
  for (const line of listLines(services, { exact, nameOf, format: format === 'rules' ? 'default' : format }))
    context.print(line);
}

/** `-S`. */
export async function saveRules(settings: ListSettings, context: IpvsadmContext): Promise<void> {
  const services = await listed(settings, context);
  const { lines, unsaid } = ruleLines(services, await endpointNames(services, settings, context.names));
  for (const line of lines) context.print(line);
  for (const line of unsaid) context.warn(`Not saved: ${line}`);
}

/** `-L -c`, always with numbers: there may be a million. */
export async function listConnections({ balancer, print }: IpvsadmContext): Promise<void> {
  const timeouts = await balancer.timeouts();
  for (const line of connectionTitle) print(line);
  for await (const flow of balancer.flows()) print(connectionLine(flow, timeouts));
}

async function listed({ format, sorted }: ListSettings, { balancer, store }: IpvsadmContext): Promise<ListedService[]> {
  const services = (await balancer.services()).map(({ service }) => service);
  const { pending, zeroed } = await store.read();
  return listedServices(services, pending, await countersOf(format, balancer, zeroed), sorted);
}

async function countersOf(
  format: ListSettings['format'],
  balancer: Balancer,
  zeroed: Parameters<typeof countersSince>[1],
) {
  if (format === 'rules') return new Map();
  return format === 'rate' ? balancer.rates() : countersSince(await balancer.counters(), zeroed);
}

/** Names are asked for all at once: each may take a while. */
async function endpointNames(
  services: readonly ListedService[],
  { numeric }: ListSettings,
  names: NameLookup,
): Promise<EndpointName> {
  if (numeric) return endpointText;
  const endpoints = services.flatMap(({ address, port, servers }) => [{ address, port }, ...servers]);
  const known = new Map<string, string>();
  await Promise.all(
    endpoints.map(async ({ address, port }) => {
      const text = endpointText(address, port);
      if (typeof port === 'number' && port > 0) known.set(text, await names.endpoint(address, port));
    }),
  );
  return (address, port) => known.get(endpointText(address, port)) ?? endpointText(address, port);
}
