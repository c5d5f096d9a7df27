import test from 'ava';
import type { IpvsadmCommand } from './ipvsadm-command.js';
import type { NameLookup } from './name-lookup.js';
import { parseIpvsadm } from './parse-command.js';

const names: NameLookup = {
  address: async (host) => (host === 'shop.example' ? '198.51.100.7' : undefined),
  port: async (service) => (service === 'https' ? 443 : undefined),
  endpoint: async (address, port) => `${address}:${port}`,
};

const parse = (line: string) =>
  parseIpvsadm(
    line.split(' ').filter((word) => word !== ''),
    names,
  );

const key = { kind: 'address', protocol: 'tcp', address: '198.51.100.1', port: 443 } as const;
const plain = { scheduler: 'wlc', schedulerFlags: [], onePacket: false } as const;
const server = {
  address: '10.0.0.1',
  port: 443,
  forward: { kind: 'route' },
  weight: 1,
  upperThreshold: 0,
  lowerThreshold: 0,
} as const;
const list = { format: 'default', numeric: false, exact: false, sorted: true } as const;

const means = test.macro({
  exec: async (t, line: string, command: IpvsadmCommand) => t.deepEqual(await parse(line), command),
  title: (_title, line) => `"ipvsadm ${line}" is understood`,
});

test(means, '', { kind: 'list', key: undefined, settings: list });
test(means, '-A -t 198.51.100.1:443', { kind: 'add-service', service: { key, ...plain } });
test(means, '-At 198.51.100.1:https -srr', { kind: 'add-service', service: { key, ...plain, scheduler: 'rr' } });
test(means, '--add-service --tcp-service=shop.example:443 --scheduler=sh -b sh-port,sh-fallback', {
  kind: 'add-service',
  service: {
    ...plain,
    key: { ...key, address: '198.51.100.7' },
    scheduler: 'sh',
    schedulerFlags: ['sh-port', 'sh-fallback'],
  },
});
test(means, '-E -t 198.51.100.1 -p -M 255.255.255.0', {
  kind: 'edit-service',
  service: { ...plain, key: { ...key, port: 0 }, persistence: { timeoutSeconds: 300, prefixBits: 24 } },
});
test(means, '-A -u [2001:DB8::1]:53 -s mh -b mh-port -p 60 -M 64 --pe sip -o', {
  kind: 'add-service',
  service: {
    key: { kind: 'address', protocol: 'udp', address: '2001:db8::1', port: 53 },
    scheduler: 'mh',
    schedulerFlags: ['mh-port'],
    onePacket: true,
    persistence: { timeoutSeconds: 60, prefixBits: 64 },
    persistenceEngine: 'sip',
  },
});
test(means, '-A -f 1 -6', { kind: 'add-service', service: { key: { kind: 'mark', mark: 1, family: 6 }, ...plain } });
test(means, '-D --sctp-service 198.51.100.1:443', { kind: 'delete-service', key: { ...key, protocol: 'sctp' } });
test(means, '-C', { kind: 'clear' });
test(means, '-a -t 198.51.100.1:443 -r 10.0.0.1', { kind: 'add-server', key, server });
// Only masquerading rewrites ports.
test(means, '-a -t 198.51.100.1:443 -r 10.0.0.1:8443 -i', {
  kind: 'add-server',
  key,
  server: { ...server, forward: { kind: 'tunnel', type: 'ipip', checksum: 'nocsum' } },
});
test(means, '-e -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 0 -x 100 -y 80', {
  kind: 'edit-server',
  key,
  server: {
    ...server,
    port: 8443,
    forward: { kind: 'masquerade' },
    weight: 0,
    upperThreshold: 100,
    lowerThreshold: 80,
  },
});
test(means, '-a -t 198.51.100.1:443 -r [fd00::1]:443 -i --tun-type gue --tun-port 6078 --tun-csum', {
  kind: 'add-server',
  key,
  server: { ...server, address: 'fd00::1', forward: { kind: 'tunnel', type: 'gue', port: 6078, checksum: 'csum' } },
});
test(means, '-d -t 198.51.100.1:443 -r 10.0.0.1:8443', { kind: 'delete-server', key, address: '10.0.0.1', port: 8443 });
test(means, '-Ln', { kind: 'list', key: undefined, settings: { ...list, numeric: true } });
test(means, '-l -n --rate --exact --nosort -t 198.51.100.1:443', {
  kind: 'list',
  key,
  settings: { format: 'rate', numeric: true, exact: true, sorted: false },
});
test(means, '-lnc', { kind: 'list-connections' });
test(means, '-L --timeout', { kind: 'list-timeouts' });
test(means, '-L --daemon', { kind: 'list-daemons' });
test(means, '-Z', { kind: 'zero', key: undefined });
test(means, '-Z -t 198.51.100.1:443', { kind: 'zero', key });
test(means, '--set 900 0 300', { kind: 'set-timeouts', timeouts: { tcp: 900, tcpFin: 0, udp: 300 } });
test(means, '-S -n', { kind: 'save', settings: { ...list, format: 'rules', numeric: true } });
test(means, '-R', { kind: 'restore' });
test(means, '--start-daemon=master --mcast-interface eth1', { kind: 'start-daemon', state: 'master' });

const refuses = test.macro({
  exec: (t, line: string, message: RegExp) => t.throwsAsync(parse(line), { code: 'IPVSADM_USAGE', message }),
  title: (_title, line) => `"ipvsadm ${line}" is refused, by its argument`,
});

test(refuses, '-A', /^You need to supply the 'service-address' option for the 'add-service' command$/);
test(refuses, '-A -t 198.51.100.1', /^Zero port specified for non-persistent service: give 198\.51\.100\.1 a port/);
test(
  refuses,
  '-A -t 300.1.1.1:80',
  /^illegal virtual server address\[:port\] specified: --tcp-service 300\.1\.1\.1:80/,
);
test(refuses, '-A -t [2001:db8::1:80', /^illegal virtual server address/);
test(refuses, '-A -t 198.51.100.1:70000', /^illegal virtual server address/);
test(refuses, '-A -t 198.51.100.1:443 -D', /^multiple commands specified: --add-service and --delete-service$/);
test(refuses, '-A -t 198.51.100.1:443 -u 198.51.100.1:53', /^multiple 'service-address' options specified/);
test(refuses, '-A -t 198.51.100.1:443 -w 5', /^Illegal 'weight' option with the 'add-service' command: --weight$/);
test(refuses, '-A -t 198.51.100.1:443 -o', /^One-Packet Scheduling is only for UDP virtual services/);
test(refuses, '-A -t 198.51.100.1:443 -p 0', /^invalid timeout value `0' specified; -p takes/);
test(refuses, '-A -t 198.51.100.1:443 -p -M 255', /^illegal virtual server persistent mask specified: -M 255/);
test(refuses, '-A -t [2001:db8::1]:80 -p -M 129', /^illegal ipv6 netmask specified: -M 129/);
test(
  refuses,
  '-A -t 198.51.100.1:443 -s rr -b sh-port',
  /^incompatible scheduler flag `sh-port': -b sh-port with -s rr$/,
);
test(refuses, '-A -t 198.51.100.1:443 -b fast', /^invalid scheduler flag `fast' specified/);
test(refuses, '-A -f 0', /^invalid fwmark value `0' specified/);
test(refuses, '-A -t [2001:db8::1]:80 -6', /^-6 used before -f/);
test(refuses, '-a -t 198.51.100.1:443', /^You need to supply the 'real-server' option for the 'add-server' command$/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0', /^illegal real server address\[:port\] specified: -r 10\.0\.0;/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -w x', /^illegal weight specified: --weight x is not a number/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -x -1', /^illegal u_threshold specified: --u-threshold -1/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -m -g', /^multiple 'forwarding-method' options/);
test(
  refuses,
  '-a -t 198.51.100.1:443 -r fd00::1 -m',
  /^Different address family is allowed only for tunneling servers/,
);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -m --tun-type gue', /^Tunnel options conflict with forward method/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -i --tun-type gue', /^You need to supply the 'tun-port' option/);
test(refuses, '-a -t 198.51.100.1:443 -r 10.0.0.1 -i --tun-type sit', /^illegal tunnel type specified: --tun-type sit/);
test(refuses, '-L --stats --timeout', /^options conflicts in the list command: --timeout and --stats$/);
test(refuses, '--set 1 2', /^--set option requires 3 timeout values/);
test(refuses, '--set 1 2 x', /^invalid timeout value `x' specified/);
test(refuses, '-L extra', /^unexpected argument extra$/);
test(refuses, '--lst', /^--lst: unknown option; did you mean --list\?$/);
test(refuses, '-L --stat', /^--stat: unknown option; did you mean --stats\?$/);
test(refuses, '-Lq', /^-q: unknown option in "-Lq"$/);
test(refuses, '-A -t', /^-t: missing argument$/);
test(refuses, '-L --numeric=yes', /^--numeric: takes no argument, and "yes" was given$/);
test(refuses, '--start-daemon both', /^illegal start-daemon parameter specified: "both"/);
test(refuses, '-n', /^no command specified/);
