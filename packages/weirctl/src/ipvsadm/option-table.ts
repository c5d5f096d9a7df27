/** A command of ipvsadm(8), by the name that its messages have for it. */
export type CommandName =
  | 'add-service'
  | 'edit-service'
  | 'delete-service'
  | 'flush'
  | 'list'
  | 'add-server'
  | 'delete-server'
  | 'edit-server'
  | 'timeout'
  | 'start-daemon'
  | 'stop-daemon'
  | 'restore'
  | 'save'
  | 'zero'
  | 'help'
  | 'version';

/** What an option says, by the name that ipvsadm's messages have for it. */
export type OptionName =
  | 'numeric'
  | 'connection'
  | 'service-address'
  | 'ipv6'
  | 'scheduler'
  | 'persistent'
  | 'netmask'
  | 'real-server'
  | 'forwarding-method'
  | 'weight'
  | 'u-threshold'
  | 'l-threshold'
  | 'mcast-interface'
  | 'timeout'
  | 'daemon'
  | 'stats'
  | 'rate'
  | 'thresholds'
  | 'persistent-conn'
  | 'nosort'
  | 'sort'
  | 'syncid'
  | 'exact'
  | 'ops'
  | 'pe'
  | 'sched-flags'
  | 'tun-info'
  | 'tun-type'
  | 'tun-port'
  | 'tun-checksum';

/** A word of the command line that begins with a dash. */
export interface OptionDefinition {
  readonly long: string;
  readonly short?: string;
  readonly argument: 'none' | 'required' | 'optional';
  readonly means: { readonly command: CommandName } | { readonly option: OptionName };
}

const command = (
  long: string,
  short: string | undefined,
  name: CommandName,
  argument: OptionDefinition['argument'] = 'none',
): OptionDefinition => ({ long, ...(short === undefined ? {} : { short }), argument, means: { command: name } });

const option = (
  long: string,
  short: string | undefined,
  name: OptionName,
  argument: OptionDefinition['argument'] = 'none',
): OptionDefinition => ({ long, ...(short === undefined ? {} : { short }), argument, means: { option: name } });

/** The command line of ipvsadm(8) 1.31. */
export const optionDefinitions: readonly OptionDefinition[] = [
  command('add-service', 'A', 'add-service'),
  command('edit-service', 'E', 'edit-service'),
  command('delete-service', 'D', 'delete-service'),
  command('clear', 'C', 'flush'),
  command('list', 'L', 'list'),
  command('list', 'l', 'list'),
  command('zero', 'Z', 'zero'),
  command('add-server', 'a', 'add-server'),
  command('edit-server', 'e', 'edit-server'),
  command('delete-server', 'd', 'delete-server'),
  command('set', undefined, 'timeout'),
  command('start-daemon', undefined, 'start-daemon', 'required'),
  command('stop-daemon', undefined, 'stop-daemon', 'required'),
  command('restore', 'R', 'restore'),
  command('save', 'S', 'save'),
  command('help', 'h', 'help'),
  command('version', 'v', 'version'),
  option('tcp-service', 't', 'service-address', 'required'),
  option('udp-service', 'u', 'service-address', 'required'),
  option('sctp-service', undefined, 'service-address', 'required'),
  option('fwmark-service', 'f', 'service-address', 'required'),
  option('ipv6', '6', 'ipv6'),
  option('scheduler', 's', 'scheduler', 'required'),
  option('pe', undefined, 'pe', 'required'),
  option('persistent', 'p', 'persistent', 'optional'),
  option('netmask', 'M', 'netmask', 'required'),
  option('real-server', 'r', 'real-server', 'required'),
  option('gatewaying', 'g', 'forwarding-method'),
  option('ipip', 'i', 'forwarding-method'),
  option('masquerading', 'm', 'forwarding-method'),
  option('tun-info', undefined, 'tun-info'),
  option('tun-type', undefined, 'tun-type', 'required'),
  option('tun-port', undefined, 'tun-port', 'required'),
  option('tun-nocsum', undefined, 'tun-checksum'),
  option('tun-csum', undefined, 'tun-checksum'),
  option('tun-remcsum', undefined, 'tun-checksum'),
  option('weight', 'w', 'weight', 'required'),
  option('u-threshold', 'x', 'u-threshold', 'required'),
  option('l-threshold', 'y', 'l-threshold', 'required'),
  option('mcast-interface', undefined, 'mcast-interface', 'required'),
  option('mcast-group', undefined, 'mcast-interface', 'required'),
  option('mcast-port', undefined, 'mcast-interface', 'required'),
  option('mcast-ttl', undefined, 'mcast-interface', 'required'),
  option('sync-maxlen', undefined, 'mcast-interface', 'required'),
  option('syncid', undefined, 'syncid', 'required'),
  option('timeout', undefined, 'timeout'),
  option('daemon', undefined, 'daemon'),
  option('connection', 'c', 'connection'),
  option('stats', undefined, 'stats'),
  option('rate', undefined, 'rate'),
  option('thresholds', undefined, 'thresholds'),
  option('persistent-conn', undefined, 'persistent-conn'),
  option('nosort', undefined, 'nosort'),
  option('sort', undefined, 'sort'),
  option('exact', 'X', 'exact'),
  option('ops', 'o', 'ops'),
  option('ops', 'O', 'ops'),
  option('numeric', 'n', 'numeric'),
  option('sched-flags', 'b', 'sched-flags', 'required'),
];

/** Options that a command takes; those in `needs` it has to have. */
export const optionsOfCommand: Readonly<
  Record<CommandName, { readonly needs: readonly OptionName[]; readonly takes: readonly OptionName[] }>
> = {
  'add-service': { needs: ['service-address'], takes: serviceOptions() },
  'edit-service': { needs: ['service-address'], takes: serviceOptions() },
  'delete-service': { needs: ['service-address'], takes: ['ipv6'] },
  flush: { needs: [], takes: [] },
  list: {
    needs: [],
    takes: [
      ...(['service-address', 'ipv6', 'numeric', 'connection', 'timeout', 'daemon', 'stats', 'rate'] as const),
      ...(['thresholds', 'persistent-conn', 'nosort', 'sort', 'exact', 'tun-info'] as const),
    ],
  },
  'add-server': { needs: ['service-address', 'real-server'], takes: serverOptions() },
  'edit-server': { needs: ['service-address', 'real-server'], takes: serverOptions() },
  'delete-server': { needs: ['service-address', 'real-server'], takes: ['ipv6'] },
  timeout: { needs: [], takes: [] },
  'start-daemon': { needs: [], takes: ['mcast-interface', 'syncid'] },
  'stop-daemon': { needs: [], takes: [] },
  restore: { needs: [], takes: ['numeric'] },
  save: { needs: [], takes: ['numeric', 'nosort', 'sort'] },
  zero: { needs: [], takes: ['service-address', 'ipv6'] },
  help: { needs: [], takes: [] },
  version: { needs: [], takes: [] },
};

function serviceOptions(): readonly OptionName[] {
  return ['ipv6', 'scheduler', 'persistent', 'netmask', 'pe', 'ops', 'sched-flags'];
}

function serverOptions(): readonly OptionName[] {
  return [
    ...(['ipv6', 'forwarding-method', 'weight', 'u-threshold', 'l-threshold'] as const),
    ...(['tun-type', 'tun-port', 'tun-checksum'] as const),
  ];
}
