import { type Command, inNamespace, ipBatch, type Stage } from './command.js';
import { LabError } from './lab-error.js';
import { hostSettings, switchSettings, sysctl } from './namespace-settings.js';
import type { Host, HostEnd, Link, Route, SwitchEnd, Topology, Vlan } from './topology.js';

/** IFNAMSIZ less the final zero (linux/if.h). */
const INTERFACE_NAME_BYTES_MAX = 15;
const DEFAULT_MTU_BYTES = 1500;
const BRIDGE = 'bridge';

/** Where things are in the machine that runs the lab. */
export interface PlanContext {
  /** Namespaces are called this, a hyphen, and the name of the host or switch. */
  readonly namespacePrefix: string;
  /** The object of bpf/pass.bpf.c. */
  readonly passObject: string;
}

/** An end of a veth pair. */
export interface PlannedInterface {
  readonly owner: string;
  readonly name: string;
  readonly isSwitchPort: boolean;
  readonly mtuBytes: number;
  readonly addresses: readonly string[];
  readonly vlans: readonly Vlan[];
  readonly passProgram: boolean;
}

/** A link with its two ends named. */
export interface PlannedLink {
  readonly from: PlannedInterface;
  readonly to: PlannedInterface;
}

/** What makes a topology, as data. */
export interface TopologyPlan {
  readonly links: readonly PlannedLink[];
  readonly stages: readonly Stage[];
}

/** Name of the namespace of a host or switch. */
export function namespaceOf(prefix: string, owner: string): string {
  return `${prefix}-${owner}`;
}

/**
 * The commands that bring a topology up, in stages: namespaces; their settings, which new interfaces take over; veth
 * pairs; and what is on each of them.
 *
 * @throws LabError `LAB_TOPOLOGY_INVALID` naming the link or name that cannot be
 */
export function planTopology(topology: Topology, context: PlanContext): TopologyPlan {
  const hosts = Object.entries(topology.hosts);
  const switches = Object.entries(topology.switches ?? {});
  const shared = hosts.map(([name]) => name).find((name) => topology.switches?.[name] !== undefined);
  if (shared !== undefined) throw invalid(topology, `${shared} is the name of both a host and a switch`);
  for (const [name] of [...hosts, ...switches]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name)) {
      throw invalid(topology, `"${name}" cannot be a name: expected letters, digits, - and _`);
    }
  }
  const links = topology.links.map((link, index) => planLink(topology, link, index));
  const interfaces = links.flatMap(({ from, to }) => [from, to]);
  refuseDuplicates(topology, interfaces);

  const namespace = (owner: string) => namespaceOf(context.namespacePrefix, owner);
  const namespaces = [...hosts, ...switches].map(([name]) => namespace(name));
  const of = (owner: string) => interfaces.filter((candidate) => candidate.owner === owner);
  const stages: Stage[] = [
    [ipBatch(namespaces.map((name) => `netns add ${name}`))],
    [
      ...hosts.map(([name, host]) => inNamespace(namespace(name), sysctl(hostSettings(host)))),
      ...switches.map(([name]) => inNamespace(namespace(name), sysctl(switchSettings))),
    ],
    [ipBatch(links.map(({ from, to }) => addVeth(from, to, namespace)))],
    [
      ...hosts.map(([name, host]) => inNamespace(namespace(name), configureHost(host, of(name), context))),
      ...switches.map(([name, { mtuBytes = DEFAULT_MTU_BYTES }]) =>
        inNamespace(namespace(name), configureSwitch(mtuBytes, of(name), context)),
      ),
      // Partial checksums of a veth would go out as they are when an XDP program encapsulates the packet; and a VLAN tag that
      // travels beside the frame is one that no XDP program sees.
      ...interfaces.map(({ owner, name }) =>
        inNamespace(namespace(owner), { program: 'ethtool', args: ['-K', name, 'tx', 'off', 'txvlan', 'off'] }),
      ),
    ],
  ];
  const routed = hosts.filter(([, { routes = [] }]) => routes.length > 0);
  stages.push(routed.map(([name, host]) => inNamespace(namespace(name), ipBatch(routeLines(host, 'add')))));
  return { links, stages: stages.filter((stage) => stage.length > 0) };
}

/** `ip` lines that add or replace the static routes of a host. */
export function routeLines(host: Host, verb: 'add' | 'replace'): string[] {
  return (host.routes ?? []).map((route) => `route ${verb} ${routeTarget(route)}`);
}

function routeTarget({ to, via, mtuBytes }: Route): string {
  const nextHops = typeof via === 'string' ? [via] : via;
  const target = mtuBytes === undefined ? to : `${to} mtu ${mtuBytes}`;
  // IPv6 multipath routes are one `nexthop` list too; a single next hop reads better plain.
  return nextHops.length === 1
    ? `${target} via ${nextHops[0]}`
    : `${target} ${nextHops.map((nextHop) => `nexthop via ${nextHop}`).join(' ')}`;
}

function planLink(topology: Topology, link: Link, index: number): PlannedLink {
  const { from, to } = link;
  const path = `links[${index}]`;
  if (topology.hosts[from.host] === undefined) throw invalid(topology, `${path}.from: there is no host "${from.host}"`);
  if ('switch' in to && topology.switches?.[to.switch] === undefined) {
    throw invalid(topology, `${path}.to: there is no switch "${to.switch}"`);
  }
  if ('host' in to && topology.hosts[to.host] === undefined) {
    throw invalid(topology, `${path}.to: there is no host "${to.host}"`);
  }
  const mtuBytes = link.mtuBytes ?? ('switch' in to ? topology.switches?.[to.switch]?.mtuBytes : undefined);
  const planned = {
    from: planEnd(from, ownerOf(to), mtuBytes),
    to: planEnd(to, from.host, mtuBytes),
  };
  for (const end of [planned.from, planned.to]) {
    if (Buffer.byteLength(end.name) > INTERFACE_NAME_BYTES_MAX) {
      throw invalid(
        topology,
        `${path}: "${end.name}" is longer than ${INTERFACE_NAME_BYTES_MAX} bytes; name the interface`,
      );
    }
  }
  return planned;
}

function planEnd(end: HostEnd | SwitchEnd, other: string, mtuBytes = DEFAULT_MTU_BYTES): PlannedInterface {
  const isSwitchPort = 'switch' in end;
  return {
    owner: ownerOf(end),
    name: isSwitchPort ? other : (end.interface ?? other),
    isSwitchPort,
    mtuBytes,
    addresses: isSwitchPort ? [] : (end.addresses ?? []),
    vlans: isSwitchPort ? [] : (end.vlans ?? []),
    passProgram: end.passProgram ?? isSwitchPort,
  };
}

function ownerOf(end: HostEnd | SwitchEnd): string {
  return 'switch' in end ? end.switch : end.host;
}

function refuseDuplicates(topology: Topology, interfaces: readonly PlannedInterface[]): void {
  const seen = new Set<string>(Object.keys(topology.switches ?? {}).map((name) => `${name}/${BRIDGE}`));
  for (const { owner, name } of interfaces) {
    const key = `${owner}/${name}`;
    if (seen.has(key)) throw invalid(topology, `${owner} has two interfaces "${name}"; give one of them a name`);
    seen.add(key);
  }
}

function addVeth(from: PlannedInterface, to: PlannedInterface, namespace: (owner: string) => string): string {
  const end = ({ name, owner, mtuBytes }: PlannedInterface) => `${name} netns ${namespace(owner)} mtu ${mtuBytes}`;
  return `link add name ${end(from)} type veth peer name ${end(to)}`;
}

function configureHost(host: Host, interfaces: readonly PlannedInterface[], context: PlanContext): Command {
  return ipBatch([
    'link set dev lo up',
    ...(host.loopbackAddresses ?? []).map((address) => addAddress(address, 'lo')),
    ...interfaces.flatMap((device) => [
      ...passProgram(device, context),
      ...device.addresses.map((address) => addAddress(address, device.name)),
      `link set dev ${device.name} up`,
      ...device.vlans.flatMap((vlan) => addVlan(device.name, vlan)),
    ]),
  ]);
}

function addVlan(device: string, { id, addresses }: Vlan): string[] {
  const name = `${device}.${id}`;
  return [
    `link add link ${device} name ${name} type vlan id ${id}`,
    ...addresses.map((address) => addAddress(address, name)),
    `link set dev ${name} up`,
  ];
}

function configureSwitch(mtuBytes: number, ports: readonly PlannedInterface[], context: PlanContext): Command {
  return ipBatch([
    `link add name ${BRIDGE} mtu ${mtuBytes} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
    `link set dev ${BRIDGE} up`,
    ...ports.flatMap((port) => [
      ...passProgram(port, context),
      `link set dev ${port.name} master ${BRIDGE}`,
      `link set dev ${port.name} up`,
    ]),
  ]);
}

function addAddress(address: string, device: string): string {
  return `address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

function passProgram(device: PlannedInterface, { passObject }: PlanContext): string[] {
  return device.passProgram ? [`link set dev ${device.name} xdpdrv obj ${passObject} sec xdp.frags`] : [];
}

function invalid(topology: Topology, message: string): LabError {
  return new LabError('LAB_TOPOLOGY_INVALID', `topology ${topology.name}: ${message}`);
}
