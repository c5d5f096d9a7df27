import type { ServiceInput } from '@weir/control';
import { forwardKeys, forwardText } from './carry-forward.js';
import { carryServer, listenerKeys, serviceName } from './carry-service.js';
import { listenerOf } from './import-rules.js';
import { refused } from './ipvsadm-error.js';
import { listenersOfMark, type MarkKey, markOfService, markServiceName } from './mark-service.js';
import type { BackendInput, ListenerInput } from './placed-service.js';
import { refuse, schedulingKeys } from './scheduling-keys.js';
import { endpointText, keyText, type RealServer, type ServiceKey, type VirtualService } from './virtual-service.js';
import { virtualSettings } from './virtual-settings.js';
import { listenersOf, type Workspace } from './workspace.js';

/** `-a` */
export function addServer(key: ServiceKey, server: RealServer, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`Service not defined: ${keyText(key)}`);
  if (found.kind === 'pending') {
    addFirstServer(found.service, server, workspace);
    return;
  }
  const { service } = found;
  if (indexOf(service, server) !== -1)
    refused(`Destination already exists: -r ${endpointText(server.address, server.port)}`);
  requireMethod(service, server);
  workspace.put({ ...service, backends: [...(service.backends ?? []), backendOf(service, server)] });
}

function addFirstServer(pending: VirtualService, server: RealServer, workspace: Workspace): void {
  const { key } = pending;
  const { name, listeners } = key.kind === 'mark' ? markPlace(key, workspace) : addressPlace(key);
  const taken = workspace.services.find((service) => service.name === name);
  if (taken !== undefined)
    refused(`${keyText(key)}: a service with other listeners is called ${name} already; rename it`);
  const settings = { ...forwardKeys(server.forward), ...schedulingKeys(pending, listeners) };
  const service: ServiceInput = { name, ...listenerKeys(listeners), ...settings };
  workspace.removePending(key);
  workspace.put({ ...service, backends: [backendOf(service, server)] });
}

interface Place {
  readonly name: string;
  readonly listeners: readonly ListenerInput[];
}

function addressPlace(key: ServiceKey & { readonly kind: 'address' }): Place {
  const listener = listenerOf(key);
  return { name: serviceName(listener), listeners: [listener] };
}

/** Weir looks at packets before iptables does: what a mark stands for is a service with those listeners. */
function markPlace(key: MarkKey, { marks }: Workspace): Place {
  const name = markServiceName(key.mark);
  const listeners = listenersOfMark(key, marks);
  if (listeners.length > 0) return { name, listeners };
  return refused(
    `${keyText(key)}: no rule of ip${key.family === 6 ? '6' : ''}tables-save says what packets have mark ${key.mark}; add it, or give a service ${name} its listeners: weirctl apply -f`,
  );
}

/** `-e` */
export function editServer(key: ServiceKey, server: RealServer, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`Service not defined: ${keyText(key)}`);
  const at = found.kind === 'pending' ? -1 : indexOf(found.service, server);
  if (found.kind === 'pending' || at === -1)
    refused(`No such destination: -r ${endpointText(server.address, server.port)}`);
  const { backends = [], guePort: _guePort, ...others } = found.service;
  const keys = forwardKeys(server.forward);
  if (backends.length > 1) requireMethod(found.service, server);
  const changed = backends.map((backend, index) => {
    if (index !== at) return backend;
    const { weight: _weight, maxConnections: _most, minConnections: _least, ...kept } = backend;
    return { ...kept, ...backendOf({ ...found.service, ...keys }, server) };
  });
  workspace.put({ ...others, ...keys, backends: changed });
}

/** `-d`: the last one takes the service with it; it is remembered as one without real servers, which IPVS has. */
export function deleteServer({ key, address, port }: ServerAddress, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`Service not defined: ${keyText(key)}`);
  const at = found.kind === 'pending' ? -1 : indexOf(found.service, { address, port });
  if (found.kind === 'pending' || at === -1) refused(`No such destination: -r ${endpointText(address, port)}`);
  const { service } = found;
  const backends = (service.backends ?? []).toSpliced(at, 1);
  if (backends.length > 0 || service.discovery !== undefined) {
    workspace.put({ ...service, backends });
    return;
  }
  const listeners = key.kind === 'mark' ? listenersOfMark(key, workspace.marks).length : 1;
  const isWhole = listenersOf(service).length === listeners;
  if (!isWhole || hasMore(service)) {
    refused(
      `-r ${endpointText(address, port)} is the last backend of ${service.name}, and that has settings that ipvsadm does not know; delete it with -D`,
    );
  }
  workspace.remove(service.name);
  workspace.putPending({ key, ...virtualSettings(service, address.includes(':')) });
}

interface ServerAddress {
  readonly key: ServiceKey;
  readonly address: string;
  readonly port: number;
}

/** Anything that would be lost if only ipvsadm's part of it were remembered? */
function hasMore(service: ServiceInput): boolean {
  const ours = [
    'name',
    'vip',
    'protocol',
    'port',
    'listeners',
    'method',
    'guePort',
    'scheduler',
    'persistence',
    'backends',
  ];
  return Object.keys(service).some((key) => !ours.includes(key));
}

function requireMethod(
  { name, method = 'ipip', guePort, backends = [] }: ServiceInput,
  { address, forward }: RealServer,
): void {
  const own = forwardText(forwardKeys(forward));
  const theirs = forwardText(guePort === undefined ? { method } : { method, guePort });
  if (backends.length === 0 || own === theirs) return;
  refused(
    `-r ${address} by ${own}: service ${name} is forwarded by ${theirs}, all of it; give ${optionText(method)} to all its servers`,
  );
}

function optionText(method: string): string {
  const options: Readonly<Record<string, string>> = {
    nat: '-m',
    dr: '-g',
    ipip: '-i',
    gue: '-i --tun-type gue',
    gre: '-i --tun-type gre',
  };
  return options[method] ?? `no server by ipvsadm, which does not have ${method}, but by weirctl`;
}

function backendOf(service: ServiceInput, server: RealServer): BackendInput {
  const place = `-r ${endpointText(server.address, server.port)}`;
  return carryServer({ place, server }, listenersOf(service), service.method ?? 'ipip', refuse);
}

/** A backend without a port listens where the service does; that of a mark has port 0. */
function indexOf(service: ServiceInput, { address, port }: Pick<RealServer, 'address' | 'port'>): number {
  const ofListeners = listenersOf(service).map((listener) => (listener.port === 'all' ? 0 : listener.port));
  const ports = markOfService(service) === undefined ? ofListeners : [...ofListeners, 0];
  return (service.backends ?? []).findIndex(
    (backend) =>
      backend.address === address && (backend.port === undefined ? ports.includes(port) : backend.port === port),
  );
}
