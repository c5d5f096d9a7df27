import type { ServiceInput } from '@weir/control';
import type { Loss } from '../glb-losses.js';
import { carryService } from '../ipvsadm/carry-service.js';
import { durationText } from '../ipvsadm/duration-text.js';
import type { FirewallMarks } from '../ipvsadm/firewall-marks.js';
import type { ImportedSections } from '../ipvsadm/import-document.js';
import type { ListenerInput, Lose, PlacedService } from '../ipvsadm/placed-service.js';
import { endpointText } from '../ipvsadm/virtual-service.js';
import { parseStatements, type Statement } from './block.js';
import { carryVrrp } from './carry-vrrp.js';
import { readLines } from './source-lines.js';
import { readVirtualServer } from './virtual-server.js';

/** What a keepalived.conf depends on besides itself. */
export interface KeepalivedSettings {
  /** As `keepalived -i`. */
  readonly configId: string | undefined;
  /** Of virtual servers on fwmarks. */
  readonly marks: FirewallMarks;
}

/** A keepalived.conf as weir.yaml has it. */
export interface ImportedKeepalived {
  readonly sections: ImportedSections & { readonly services: readonly ServiceInput[] };
  readonly losses: readonly Loss[];
}

const network = "is of the system's network; set it where that is set up";
const instead: Readonly<Record<string, string>> = {
  static_ipaddress: network,
  static_routes: network,
  static_rules: network,
  vrrp_sync_group: 'each VIP moves by itself, and the flows of all are known to all nodes',
  vrrp_script: 'a node holds a VIP while a backend of it can be used',
  track_file: 'weights are set by weirctl or the admin API',
  vrrp_track_process: 'a node holds a VIP while a backend of it can be used',
  bfd_instance: 'BGP sessions can have BFD (docs/bgp.md)',
  SSL: 'healthCheck.tls says what a certificate has to be',
};
/** Blocks that are read below, and settings of keepalived's own process. */
const known = ['virtual_server', 'virtual_server_group', 'vrrp_instance', 'global_defs', 'net_namespace', 'instance'];

/**
 * Carries over virtual servers, their checks, and how their VIPs are held.
 * @throws {WeirctlError} INPUT_UNREADABLE
 */
export async function importKeepalived(
  file: string,
  { configId, marks }: KeepalivedSettings,
): Promise<ImportedKeepalived> {
  const losses: Loss[] = [];
  const lose: Lose = (path, message) => losses.push({ path, message });
  const statements = parseStatements(await readLines(file, { configId, lose }), lose);
  for (const { place, keyword, values } of statements) {
    if (!known.includes(keyword))
      lose(place, `${[keyword, ...values].join(' ')}: ${instead[keyword] ?? 'is not known here; left out'}`);
  }
  const services = carryServices(statements, marks, lose);
  const vips = vipsOf(services);
  const vrrp = carryVrrp(blocksOf(statements, 'vrrp_instance'), vips, lose);
  const timeouts = carryGlobals(
    blocksOf(statements, 'global_defs').flatMap(({ block = [] }) => block),
    lose,
  );
  return {
    sections: {
      ...(timeouts === undefined ? {} : { dataplane: { timeouts } }),
      ...(vrrp === undefined ? {} : { vrrp }),
      services,
    },
    losses,
  };
}

function carryServices(statements: readonly Statement[], marks: FirewallMarks, lose: Lose): ServiceInput[] {
  const groups = new Map(blocksOf(statements, 'virtual_server_group').map((group) => [group.values[0] ?? '', group]));
  const placed = blocksOf(statements, 'virtual_server').map((server) =>
    readVirtualServer(server, { groups, marks, lose }),
  );
  const distinct = withDistinctListeners(placed, lose);
  const vips = new Set(distinct.flatMap(({ listeners }) => listeners.map(({ vip }) => vip)));
  return withDistinctNames(distinct).flatMap((service) => carryService(service, vips, lose) ?? []);
}

/** IPVS takes the first of equal virtual servers. */
function withDistinctListeners(services: readonly PlacedService[], lose: Lose): PlacedService[] {
  const seen = new Set<string>();
  const isNew = ({ vip, protocol, port }: ListenerInput) => {
    const key = `${vip} ${protocol} ${port}`;
    return !seen.has(key) && seen.add(key);
  };
  return services.map((service) => {
    const listeners = service.listeners.filter((listener) => {
      if (isNew(listener)) return true;
      lose(service.place, `${endpointText(listener.vip, `${listener.port}`)} has a virtual server already: left out`);
      return false;
    });
    return { ...service, listeners };
  });
}

/** A group that has virtual servers of several protocols gives its name to each. */
function withDistinctNames(services: readonly PlacedService[]): PlacedService[] {
  const seen = new Set<string>();
  return services.map((service) => {
    const protocol = service.listeners[0]?.protocol ?? 'tcp';
    const name =
      [service.name, `${service.name}-${protocol}`].find((one) => !seen.has(one)) ?? `${service.name}-${seen.size}`;
    seen.add(name);
    return { ...service, name };
  });
}

/** `lvs_timeouts tcp 7200 tcpfin 30 udp 60`. */
function carryGlobals(globals: readonly Statement[], lose: Lose): Record<string, string> | undefined {
  for (const { place, keyword } of globals) {
    if (keyword === 'notification_email')
      lose(place, 'notification_email: Weir sends no mail; let alerts be made of its metrics');
    if (keyword === 'lvs_sync_daemon')
      lose(place, 'lvs_sync_daemon: nodes share flows by state.store (docs/connection-state.md)');
  }
  const words = globals.findLast(({ keyword }) => keyword === 'lvs_timeouts')?.values ?? [];
  const timeouts = Object.entries({ tcp: 'tcp', tcpFin: 'tcpfin', udp: 'udp' }).flatMap(([key, word]) => {
    const seconds = Number(words.includes(word) ? words[words.indexOf(word) + 1] : 0);
    return seconds >= 1 ? [[key, durationText(seconds)] as const] : [];
  });
  return timeouts.length === 0 ? undefined : Object.fromEntries(timeouts);
}

function blocksOf(statements: readonly Statement[], keyword: string): Statement[] {
  return statements.filter((statement) => statement.keyword === keyword);
}

function vipsOf(services: readonly ServiceInput[]): ReadonlySet<string> {
  return new Set(
    services.flatMap(({ vip, listeners = [] }) => [
      ...(vip === undefined ? [] : [vip]),
      ...listeners.map((listener) => listener.vip),
    ]),
  );
}
