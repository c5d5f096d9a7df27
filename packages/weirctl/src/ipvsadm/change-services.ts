import { addServer, deleteServer, editServer } from './change-servers.js';
import { listenerOf } from './import-rules.js';
import type { IpvsadmCommand } from './ipvsadm-command.js';
import { refused } from './ipvsadm-error.js';
import { familyOf, listenersOfMark } from './mark-service.js';
import type { ListenerInput } from './placed-service.js';
import { schedulingKeys } from './scheduling-keys.js';
import { keyText, type ServiceKey, type VirtualService } from './virtual-service.js';
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

function addService(service: VirtualService, workspace: Workspace): void {
  if (workspace.find(service.key) !== undefined) refused(`Service already exists: ${keyText(service.key)}`);
  schedulingKeys(service, listenersOfKey(service.key, workspace));
  workspace.putPending(service);
}

function editService(service: VirtualService, workspace: Workspace): void {
  const found = workspace.find(service.key) ?? refused(`No such service: ${keyText(service.key)}`);
  const listeners = found.kind === 'service' ? listenersOf(found.service) : listenersOfKey(service.key, workspace);
  const keys = schedulingKeys(service, listeners);
  if (found.kind === 'pending') {
    workspace.putPending(service);
    return;
  }
  const { persistence: _persistence, ...others } = found.service;
  workspace.put({ ...others, ...keys });
}

function listenersOfKey(key: ServiceKey, { marks }: Workspace): readonly ListenerInput[] {
  return key.kind === 'mark' ? listenersOfMark(key, marks) : [listenerOf(key)];
}

/** Of a service with several listeners, this one goes; of one that stands for a mark, those of the mark's family. */
function deleteService(key: ServiceKey, workspace: Workspace): void {
  const found = workspace.find(key) ?? refused(`No such service: ${keyText(key)}`);
  if (found.kind === 'pending') {
    workspace.removePending(key);
    return;
  }
  const { service, listener } = found;
  const isGone = (one: ListenerInput) => (key.kind === 'mark' ? familyOf(one) === key.family : isSame(one, listener));
  const left = listenersOf(service).filter((one) => !isGone(one));
  if (left.length === 0) workspace.remove(service.name);
  else workspace.put({ ...service, listeners: [...left] });
}
