import type { ServiceInput } from '@weir/control';
import { forwardKeys, forwardText } from './carry-forward.js';
import { flagTrouble, isKnownScheduler, schedulerTrouble } from './carry-scheduler.js';
import { carryPersistence, carryServer, serviceName } from './carry-service.js';
import { listenerOf } from './import-rules.js';
import type { IpvsadmCommand } from './ipvsadm-command.js';
import { refused } from './ipvsadm-error.js';
import type { BackendInput, Lose } from './placed-service.js';
import { endpointText, keyText, type RealServer, type ServiceKey, type VirtualService } from './virtual-service.js';
import { virtualSettings } from './virtual-settings.js';
import { isSame, listenersOf, type Workspace } from './workspace.js';

/** Commands that change what is balanced. */
export type ChangeCommand = Extract<
  IpvsadmCommand,
  { kind: 'add-service' | 'edit-service' | 'delete-service' | 'clear' | 'add-server' | 'edit-server' | 'delete-server' }
>;

export function isChange(command: IpvsadmCommand): command is ChangeCommand {
  return /^(?:(?:add|edit|delete)-(?:service|server)|clear)$/.test(command.kind);
}

/**
 * Does in the workspace what a command asks for.
 * @throws {IpvsadmError} IPVSADM_REFUSED, with ipvsadm's text for what the kernel would refuse
 */
export function changeServices(command: ChangeCommand, workspace: Workspace): void {
  switch (command.kind) {
    case 'clear':
      workspace.clear();
      break;
    case 'add-service':
      addService(command.service, workspace);
      break;
    case 'edit-service':
      editService(command.service, workspace);
      break;
    case 'delete-service':
      deleteService(command.key, workspace);
      break;
    case 'add-server':
      addServer(command.key, command.server, workspace);
      break;
    case 'edit-server':
      editServer(command.key, command.server, workspace);
      break;
    case 'delete-server':
      deleteServer(command, workspace);
      break;
  }
}

/** What Weir does otherwise than asked is refused here, where an import would tell of it and go on. */
const refuse: Lose = (place, message) => refused(`${place}: ${message}`);

/** What of a service ipvsadm says. */
function schedulingKeys(service: VirtualService): Pick<ServiceInput, 'scheduler' | 'persistence'> {
  const { key, scheduler, schedulerFlags, onePacket } = service;
  if (!isKnownScheduler(scheduler))
    refused(`Scheduler or persistence engine not found: ${schedulerTrouble(scheduler)}`);
  const flag = schedulerFlags.map(flagTrouble).find((message) => message !== undefined);
  if (flag !== undefined) refused(`-b ${flag}`);
  if (onePacket)
    refused('--ops: flows of UDP keep their backend; dataplane.timeouts.udp says how long one is remembered');
  if (key.kind === 'mark') refused(`${keyText(key)}: Weir knows no firewall marks`);
  const listeners = [listenerOf(key)];
  const persistence = carryPersistence({ place: keyText(key), settings: service, listeners }, refuse);
  return { scheduler, ...(persistence === undefined ? {} : { persistence }) };
}

function addService(service: VirtualService, workspace: Workspace): void {
  if (workspace.find(service.key) !== undefined) refused(`Service already exists: ${keyText(service.key)}`);
  schedulingKeys(service);
  workspace.putPending(service);
}

function editService(service: VirtualService, workspace: Workspace): void {
  const found = workspace.find(service.key) ?? refused(`No such service: ${keyText(service.key)}`);
  const keys = schedulingKeys(service);
  if (found.kind === 'pending') {
    workspace.putPending(service);
    return;
  }
  const { persistence: _persistence, ...others } = found.service;
  workspace.put({ ...others, ...keys });
}

/** Of a service with several listeners, this one goes. */
function deleteService(key: ServiceKey, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`No such service: ${keyText(key)}`);
  if (found.kind === 'pending') {
    workspace.removePending(key);
    return;
  }
  const { service, listener } = found;
  const left = listenersOf(service).filter((one) => !isSame(one, listener));
  if (left.length === 0) workspace.remove(service.name);
  else workspace.put({ ...service, listeners: [...left] });
}

function addServer(key: ServiceKey, server: RealServer, workspace: Workspace): void {
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
  if (key.kind === 'mark') refused(`${keyText(key)}: Weir knows no firewall marks`);
  const listener = listenerOf(key);
  const name = serviceName(listener);
  const taken = workspace.services.find((service) => service.name === name);
  if (taken !== undefined)
    refused(`${keyText(key)}: a service with other listeners is called ${name} already; rename it`);
  const service: ServiceInput = { name, ...listener, ...forwardKeys(server.forward), ...schedulingKeys(pending) };
  workspace.removePending(key);
  workspace.put({ ...service, backends: [backendOf(service, server)] });
}

function editServer(key: ServiceKey, server: RealServer, workspace: Workspace): void {
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

/** The last one takes the service with it; it is remembered as one without real servers, which IPVS has. */
function deleteServer({ key, address, port }: ServerAddress, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`Service not defined: ${keyText(key)}`);
  const at = found.kind === 'pending' ? -1 : indexOf(found.service, { address, port });
  if (found.kind === 'pending' || at === -1) refused(`No such destination: -r ${endpointText(address, port)}`);
  const { service } = found;
  const backends = (service.backends ?? []).toSpliced(at, 1);
  if (backends.length > 0 || service.discovery !== undefined) {
    workspace.put({ ...service, backends });
    return;
  }
  if (listenersOf(service).length > 1 || hasMore(service)) {
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

/** A backend without a port listens where the service does. */
function indexOf(service: ServiceInput, { address, port }: Pick<RealServer, 'address' | 'port'>): number {
  const ports = listenersOf(service).map((listener) => (listener.port === 'all' ? 0 : listener.port));
  return (service.backends ?? []).findIndex(
    (backend) =>
      backend.address === address && (backend.port === undefined ? ports.includes(port) : backend.port === port),
  );
}
