import { spawnSync } from 'node:child_process';
import test from 'ava';
import { largeNumber } from './large-number.js';
import type { ListedServer, ListedService } from './listed-service.js';
import { listLines, type PrintSettings } from './print-list.js';
import { endpointText } from './virtual-service.js';

const counters = { packets: 5n, bytes: 100_000_000n, activeConnections: 3n, inactiveConnections: 4n };
const server: ListedServer = {
  address: '10.0.0.1',
  port: 8443,
  forward: { kind: 'masquerade' },
  weight: 2,
  upperThreshold: 100,
  lowerThreshold: 80,
  counters,
};
const service: ListedService = {
  protocol: 'tcp',
  address: '198.51.100.1',
  port: 443,
  settings: { scheduler: 'rr', schedulerFlags: [], onePacket: false },
  counters,
  servers: [server],
};

/** printf(3)'s own idea of a format. */
function printf(format: string, ...values: readonly string[]): string {
  return spawnSync('printf', [format, ...values], { encoding: 'utf8' }).stdout;
}

/** The formats are those in the text of ipvsadm 1.31 (`strings /sbin/ipvsadm`). */
const formats: Readonly<Record<PrintSettings['format'], readonly [title: string[], server: string[]]>> = {
  default: [
    ['  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn'],
    ['  -> %-28s %-7s %-6d %-10u %-10u', '10.0.0.1:8443', 'Masq', '2', '3', '4'],
  ],
  'tun-info': [
    ['  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn'],
    ['  -> %-28s %-7s %-13s %-6d %-10u %-10u', '10.0.0.1:8443', 'Masq', 'n/a', '2', '3', '4'],
  ],
  thresholds: [
    ['%-33s %-10s %-10s %-10s %-10s', 'Prot LocalAddress:Port', 'Uthreshold', 'Lthreshold', 'ActiveConn', 'InActConn'],
    ['  -> %-28s %-10u %-10u %-10u %-10u', '10.0.0.1:8443', '100', '80', '3', '4'],
  ],
  'persistent-conn': [
    ['%-33s %-9s %-11s %-10s %-10s', 'Prot LocalAddress:Port', 'Weight', 'PersistConn', 'ActiveConn', 'InActConn'],
    ['  -> %-28s %-9u %-11u %-10u %-10u', '10.0.0.1:8443', '2', '0', '3', '4'],
  ],
  stats: [
    ['%-33s %8s %8s %8s %8s %8s', 'Prot LocalAddress:Port', 'Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'],
    ['  -> %-28s%9u%9u%9u%8uK%9u', '10.0.0.1:8443', '7', '5', '0', '100000', '0'],
  ],
  rate: [
    ['%-33s %8s %8s %8s %8s %8s', 'Prot LocalAddress:Port', 'CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'],
    ['  -> %-28s %8u %8u %8u%8uK%9u', '10.0.0.1:8443', '7', '5', '0', '100000', '0'],
  ],
};

for (const [format, [title, row]] of Object.entries(formats)) {
  test(`lines of the format ${format} are what printf(3) makes of ipvsadm's`, (t) => {
    const settings = { format: format as PrintSettings['format'], exact: false, nameOf: endpointText };
    const lines = listLines([service], settings);
    const [expected, ...values] = title as [string, ...string[]];
    t.true(lines.slice(0, 2).includes(printf(expected.replace(/^ {2}->/, '  \\x2d>'), ...values)), lines.join('\n'));
    const [rowFormat, ...cells] = row as [string, ...string[]];
    t.is(lines[3], printf(rowFormat, ...cells));
  });
}

test('a counter of more than eight digits is rounded down to the unit that fits', (t) => {
  const cells: readonly (readonly [bigint, string])[] = [
    [0n, '        0'],
    [99_999_999n, ' 99999999'],
    [100_000_000n, '  100000K'],
    [999_999_999n, '  999999K'],
    [1_000_000_000n, '    1000M'],
    [99_999_999_999n, '   99999M'],
    [100_000_000_000n, '     100G'],
    [99_999_999_999_999n, '   99999G'],
    [100_000_000_000_000n, '     100T'],
    [18_446_744_073_709_551_615n, '18446744T'],
  ];
  for (const [count, text] of cells) t.is(largeNumber(count, false), text);
  t.is(largeNumber(18_446_744_073_709_551_615n, true), ' 18446744073709551615');
  t.is(largeNumber(5n, true), '        5');
});

test('an IPv4 name that is too long is cut as ipvsadm cuts it, an IPv6 one is not', (t) => {
  const lines = (address: string) =>
    listLines([{ ...service, address, servers: [{ ...server, address }] }], {
      format: 'default',
      exact: false,
      nameOf: () => 'a-very-long-name-of-a-host.example:https',
    });
  t.is(lines('198.51.100.1')[2], 'TCP  a-very-long-name-of-a-host.e rr');
  t.is(lines('198.51.100.1')[3], '  -> a-very-long-name-of-a-host.e Masq    2      3          4         ');
  t.is(lines('2001:db8::1')[2], 'TCP  a-very-long-name-of-a-host.example:https rr');
});
