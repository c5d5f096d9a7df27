import { ip, ipJson } from './ip-command.js';
import { families, isOfFamily, WEIR_PROTOCOL } from './route-protocol.js';

interface RouteAnswer {
  readonly dst: string;
}

interface ProxyAnswer {
  readonly dst: string;
  readonly dev: string;
  readonly protocol?: string;
}

/**
 * Makes addresses local to this node, and no others that it made so before: neighbours on `interfaces` that ask for them are
 * answered, so that the answers of backends of fullnat arrive. They are `local` routes to `lo`, as the kernel has one for each
 * address of an interface, and not addresses of an interface, which the kernel could choose as source of the node's own
 * connections. Neighbour discovery of IPv6 wants an address, or else a proxy entry on each interface.
 */
export async function holdLocalAddresses(addresses: readonly string[], interfaces: readonly string[]): Promise<void> {
  // At the same time: changes of the configuration wait for it.
  await Promise.all([
    ...families.map((family) => routeLocally(addresses, family)),
    proxyNeighbours(new Set(addresses.filter((address) => isOfFamily(address, '-6'))), interfaces),
  ]);
}

async function routeLocally(addresses: readonly string[], family: (typeof families)[number]): Promise<void> {
  const wanted = new Set(addresses.filter((address) => isOfFamily(address, family)));
  const show = [family, 'route', 'show', 'table', 'local', 'type', 'local', 'proto', WEIR_PROTOCOL];
  const present = new Set((await ipJson<RouteAnswer>(show)).map(({ dst }) => dst));
  const change = (verb: string, address: string) =>
    ip([family, 'route', verb, 'local', address, 'dev', 'lo', 'table', 'local', 'proto', WEIR_PROTOCOL]);
  for (const address of present) if (!wanted.has(address)) await change('del', address);
  for (const address of wanted) if (!present.has(address)) await change('replace', address);
}

async function proxyNeighbours(addresses: ReadonlySet<string>, interfaces: readonly string[]): Promise<void> {
  const keyOf = (address: string, name: string) => `${address} dev ${name}`;
  const all = await ipJson<ProxyAnswer>(['-6', 'neigh', 'show', 'proxy']);
  const present = new Set(
    all.filter(({ protocol }) => protocol === WEIR_PROTOCOL).map(({ dst, dev }) => keyOf(dst, dev)),
  );
  const wanted = new Set(interfaces.flatMap((name) => [...addresses].map((address) => keyOf(address, name))));
  const change = (verb: string, key: string) =>
    ip(['-6', 'neigh', verb, 'proxy', ...key.split(' '), 'protocol', WEIR_PROTOCOL]);
  for (const key of present) if (!wanted.has(key)) await change('del', key);
  for (const key of wanted) if (!present.has(key)) await change('replace', key);
}
