import { readFile } from 'node:fs/promises';
import { BgpService, ServerService } from '@weir/admin-api';
import type { NodeConfig, ServiceConfig } from '@weir/control';
import type { BackendSubject, DaemonView, NodeSubject, Role, Subject } from '@weir/doctor';
import { AdminClient } from './client/admin-client.js';
import { isNobodyThere } from './client/call-error.js';
import { type ConnectionOptions, DEFAULT_ADDRESS } from './client/connection-options.js';
import { WeirctlError } from './weirctl-error.js';

/** Where the package's unit has the command line of its agent. */
const AGENT_FILE = '/etc/default/weir-real-server';
/** A daemon that is busy starting answers no sooner. */
const ANSWER_TIMEOUT_MS = 5000;

/** What host is looked at, as the command line says. */
export interface DoctorOptions extends ConnectionOptions {
  readonly role: Role;
  readonly config: string;
  readonly interface?: string;
  readonly vip?: readonly string[];
  readonly decap?: string;
}

/** The host by its configuration, and by what its daemon says where one answers. */
export async function readSubject(options: DoctorOptions): Promise<Subject> {
  return options.role === 'backend' ? await readBackend(options) : await readNode(options);
}

/** Options of the command line take the place of those that the unit gives the agent. */
async function readBackend({ interface: name, vip = [], decap }: DoctorOptions): Promise<BackendSubject> {
  const { agentArgumentsIn, readAgentArguments } = await import('@weir/doctor');
  const text = await readFile(AGENT_FILE, 'utf8').catch(() => '');
  const isGiven = vip.length > 0;
  const ofUnit = readAgentArguments(agentArgumentsIn(text));
  return {
    ...ofUnit,
    ...(name === undefined ? {} : { interface: name }),
    ...(isGiven ? { vips: vip } : {}),
    ...(decap === undefined ? {} : { encapsulations: readAgentArguments(['--decap', decap]).encapsulations }),
  };
}

async function readNode(options: DoctorOptions): Promise<NodeSubject> {
  const { config, problem } = await readConfig(options.config);
  const subject = { role: 'node', configFile: options.config } as const;
  if (config === undefined) return { ...subject, ...(problem === undefined ? {} : { problem }), services: [] };
  const answer = await askDaemon(addressOf(options, config), options);
  return {
    ...subject,
    config,
    services: config.services,
    ...answer,
  };
}

async function readConfig(file: string): Promise<{ readonly config?: NodeConfig; readonly problem?: Error }> {
  const { ConfigError, loadNodeConfig } = await import('@weir/control');
  try {
    return { config: await loadNodeConfig(file) };
  } catch (error) {
    if (error instanceof ConfigError) return { problem: error };
    throw error;
  }
}

/** The socket that the configuration names, unless --address says another. */
function addressOf({ address }: ConnectionOptions, { admin }: NodeConfig): string {
  return address === DEFAULT_ADDRESS && admin.socket !== undefined ? `unix:${admin.socket.path}` : address;
}

/** What it says, or why it is not known; `services`: absent where what is in force could not be read. */
type DaemonAnswer = Partial<Pick<NodeSubject, 'daemon' | 'daemonUnknown' | 'services'>>;

/** @returns nothing: nobody is there */
async function askDaemon(address: string, options: ConnectionOptions): Promise<DaemonAnswer> {
  using client = new AdminClient({ ...options, address, timeout: Math.min(options.timeout, ANSWER_TIMEOUT_MS) });
  try {
    const sessions = await sessionsOf(client);
    const services = await servicesInForce(client);
    return { daemon: sessions === undefined ? {} : { sessions }, ...(services === undefined ? {} : { services }) };
  } catch (error) {
    if (!(error instanceof WeirctlError)) throw error;
    return isNobodyThere(error) ? {} : { daemonUnknown: error.message };
  }
}

async function sessionsOf(client: AdminClient): Promise<DaemonView['sessions']> {
  try {
    const { peers } = await client.call(BgpService.listPeers, {});
    return peers.map(({ address, state, reason }) => ({ address, state, reason }));
  } catch (error) {
    if (error instanceof WeirctlError && error.details.reason === 'NO_BGP') return undefined;
    throw error;
  }
}

/** Those of etcd too. The text leaves secrets out, and may not be valid without them. */
async function servicesInForce(client: AdminClient): Promise<readonly ServiceConfig[] | undefined> {
  const { ConfigError, parseNodeConfig } = await import('@weir/control');
  const { yaml, file } = await client.call(ServerService.getConfig, {});
  try {
    return parseNodeConfig(yaml, file).services;
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
