import { readFileSync, writeFileSync } from 'node:fs';
import type { ServiceInput } from '@weir/control';
import test, { type ExecutionContext } from 'ava';
import { ListBalancer, rememberedInMemory } from '../test-support/list-balancer.js';
import type { BalancerFlow, Counters } from './balancer.js';
import { parseFirewallMarks } from './firewall-marks.js';
import type { NameLookup } from './name-lookup.js';
import { runIpvsadm } from './run-ipvsadm.js';

const names: NameLookup = {
  address: async () => undefined,
  port: async () => undefined,
  endpoint: async (address, port) => (port === 443 ? `shop.example:https` : `${address}:${port}`),
};

const MARK_RULES = `
-A PREROUTING -d 198.51.100.1/32 -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -d 2001:db8::1/128 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
`;

/** A node on which commands run one after the other. */
function nodeWith(balancer: ListBalancer) {
  const store = rememberedInMemory();
  return {
    balancer,
    /** Runs a command line. @returns its lines, those of the standard error after `! ` */
    async run(line: string, input = ''): Promise<string> {
      const lines: string[] = [];
      await runIpvsadm(
        line.split(' ').filter((word) => word !== ''),
        {
          balancer,
          store,
          names,
          marks: async () => parseFirewallMarks(MARK_RULES, 'iptables-save', () => {}),
          print: (text) => lines.push(text),
          warn: (text) => lines.push(`! ${text}`),
          readInput: async () => input,
        },
      );
      return lines.map((text) => `${text}\n`).join('');
    },
  };
}

const counters = (
  packets: bigint,
  bytes: bigint,
  activeConnections: bigint,
  inactiveConnections: bigint,
): Counters => ({
  packets,
  bytes,
  activeConnections,
  inactiveConnections,
});

const services: readonly ServiceInput[] = [
  {
    name: 'web',
    listeners: [
      { vip: '198.51.100.10', port: 443 },
      { vip: '198.51.100.9', port: 80 },
    ],
    method: 'nat',
    scheduler: 'wrr',
    persistence: { timeout: '5m', netmask: 24 },
    backends: [
      { address: '10.0.0.12', weight: 3, maxConnections: 100, minConnections: 80, port: 8443 },
      { address: '10.0.0.2', weight: 0, port: 8443 },
    ],
  },
  {
    name: 'names',
    vip: '2001:db8:100::10',
    protocol: 'udp',
    port: 53,
    method: 'gue',
    guePort: 6078,
    backends: [{ address: 'fd00::21' }],
  },
  {
    name: 'media',
    vip: '198.51.100.11',
    port: '8000-8999',
    method: 'dr',
    scheduler: 'sh',
    backends: [{ address: '10.0.0.3' }],
  },
];

const flows: readonly BalancerFlow[] = [
  {
    protocol: 'tcp',
    client: { address: '203.0.113.7', port: 40_000 },
    virtual: { address: '198.51.100.10', port: 443 },
    backend: { address: '10.0.0.12', port: 8443 },
    state: 'established',
    idleSeconds: 2.5,
  },
  {
    protocol: 'udp',
    client: { address: '2001:db8::7', port: 5353 },
    virtual: { address: '2001:db8:100::10', port: 53 },
    backend: { address: 'fd00::21', port: 53 },
    state: 'udp',
    idleSeconds: 400,
  },
  {
    protocol: 'tcp',
    client: undefined,
    virtual: { address: '198.51.100.11', port: '8000-8999' },
    backend: { address: '10.0.0.3', port: '8000-8999' },
    state: 'syn',
    idleSeconds: 0,
  },
];

function busyNode() {
  return nodeWith(
    new ListBalancer(services, {
      flows,
      counters: new Map([
        [
          'web',
          {
            total: counters(123_456_789n, 9_876_543_210_123n, 1200n, 34n),
            backends: new Map([
              ['[fd00::1]', counters(1n, 1n, 1n, 1n)],
              ['10.0.0.12:8443', counters(99_999_999n, 100_000_000n, 1199n, 4n)],
            ]),
          },
        ],
      ]),
    }),
  );
}

/** Its lines are those of a golden file; WEIR_UPDATE_GOLDEN=1 writes it anew. */
async function isGolden(t: ExecutionContext, name: string, lines: string): Promise<void> {
  const golden = new URL(`../../golden/${name}`, import.meta.url);
  if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(golden, lines);
  t.is(lines, readFileSync(golden, 'utf8'));
}

const lists: Readonly<Record<string, string>> = {
  'ipvsadm-list': '-L -n',
  'ipvsadm-list-with-names': '-L',
  'ipvsadm-stats': '-L -n --stats',
  'ipvsadm-stats-exact': '-L -n --stats --exact',
  'ipvsadm-rate': '-L -n --rate',
  'ipvsadm-thresholds': '-L -n --thresholds',
  'ipvsadm-persistent-conn': '-L -n --persistent-conn',
  'ipvsadm-tun-info': '-L -n --tun-info',
  'ipvsadm-connections': '-L -n -c',
  'ipvsadm-save': '-S -n',
};

for (const [name, line] of Object.entries(lists)) {
  test(`"ipvsadm ${line}" prints what stands in golden/${name}.txt`, async (t) => {
    await isGolden(t, `${name}.txt`, await busyNode().run(line));
  });
}

test('a list of one service has no line of the version, and one that is not there is refused', async (t) => {
  const { run } = busyNode();
  const lines = await run('-L -n -u [2001:db8:100::10]:53');
  t.is(
    lines,
    `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
UDP  [2001:db8:100::10]:53 mh
  -> [fd00::21]:53                Tunnel  1      0          0         \n`,
  );
  await t.throwsAsync(run('-L -n -t 198.51.100.10:80'), { message: 'No such service: -t 198.51.100.10:80' });
});

test('services are listed by address and port as numbers, unless --nosort is given', async (t) => {
  const { run } = busyNode();
  const order = (lines: string) => lines.split('\n').flatMap((line) => /^(?:TCP|UDP) +(\S+)/.exec(line)?.[1] ?? []);
  t.deepEqual(order(await run('-L -n')), [
    '198.51.100.9:80',
    '198.51.100.10:443',
    '198.51.100.11:8000-8999',
    '[2001:db8:100::10]:53',
  ]);
  t.is(order(await run('-L -n --nosort'))[0], '198.51.100.10:443');
});

test('timeouts are those in force, in the order of --set', async (t) => {
  const node = busyNode();
  t.is(await node.run('-L --timeout'), 'Timeout (tcp tcpfin udp): 900 120 300\n');
  await node.run('--set 1000 0 60');
  t.is(await node.run('-L --timeout'), 'Timeout (tcp tcpfin udp): 1000 120 60\n');
  t.is(await busyNode().run('-L --daemon'), '');
});

test('-Z counts from now on, until counters begin anew', async (t) => {
  const node = busyNode();
  const packets = async () =>
    /^TCP +198\.51\.100\.10:443 +\d+ +(\d+)/m.exec(await node.run('-L -n --stats --exact'))?.[1];
  t.is(await packets(), '123456789');
  await node.run('-Z -t 198.51.100.10:443');
  t.is(await packets(), '0');
  const later = new Map([['web', { total: counters(123_456_799n, 9_876_543_210_999n, 0n, 0n), backends: new Map() }]]);
  node.balancer.given.counters = later;
  t.is(await packets(), '10');
  node.balancer.given.counters = new Map([['web', { total: counters(5n, 500n, 0n, 0n), backends: new Map() }]]);
  t.is(await packets(), '5');
});

test('a service is made, changed and ended as with ipvsadm', async (t) => {
  const { run, balancer } = nodeWith(new ListBalancer());
  await run('-A -t 198.51.100.1:443 -s wlc -p 60');
  // IPVS lists it; Weir has no service without backends.
  t.deepEqual(await balancer.services(), []);
  t.is((await run('-S -n')).trim(), '-A -t 198.51.100.1:443 -s wlc -p 60');

  await run('-a -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 2 -x 100');
  await run('-a -t 198.51.100.1:443 -r 10.0.0.2:443 -m');
  t.deepEqual((await balancer.services())[0]?.service, {
    name: 'tcp-198.51.100.1-443',
    vip: '198.51.100.1',
    protocol: 'tcp',
    port: 443,
    method: 'nat',
    scheduler: 'wlc',
    persistence: { timeout: '1m' },
    backends: [{ address: '10.0.0.1', port: 8443, weight: 2, maxConnections: 100 }, { address: '10.0.0.2' }],
  });

  await run('-e -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 0');
  await run('-E -t 198.51.100.1:443 -s rr');
  t.is(
    await run('-S -n'),
    `-A -t 198.51.100.1:443 -s rr
-a -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 0
-a -t 198.51.100.1:443 -r 10.0.0.2:443 -m -w 1\n`,
  );

  await run('-d -t 198.51.100.1:443 -r 10.0.0.1:8443');
  await run('-d -t 198.51.100.1:443 -r 10.0.0.2:443');
  t.deepEqual(await balancer.services(), []);
  t.is((await run('-S -n')).trim(), '-A -t 198.51.100.1:443 -s rr');
  await run('-D -t 198.51.100.1:443');
  t.is(await run('-S -n'), '');
});

test('what -S printed, -R makes again, each service in one step', async (t) => {
  const rules = `-A -t 198.51.100.1:443 -s wrr -p 300 -M 255.255.255.0
-a -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 3 -x 100 -y 80
-a -t 198.51.100.1:443 -r 10.0.0.2:443 -m -w 0
-A -t [2001:db8::1]:80 -s sh
-a -t [2001:db8::1]:80 -r [fd00::1]:80 -i -w 1 --tun-type gue --tun-port 6078 --tun-nocsum
-A -t [2001:db8::1]:81 -s rr
`;
  const { run, balancer } = nodeWith(new ListBalancer());
  await run('-R', rules);
  t.is(await run('-S -n'), rules);
  t.deepEqual(balancer.applied, ['tcp-198.51.100.1-443', 'tcp-2001:db8::1-80']);
  await run('-C');
  t.is(await run('-S -n'), '');
});

test('-R with a line that can not be done names it and changes nothing', async (t) => {
  const { run, balancer } = nodeWith(new ListBalancer());
  const rules = '-A -t 198.51.100.1:80\nipvsadm -a -t 198.51.100.1:80 -r 10.0.0.1\n-a -t 198.51.100.1:81 -r 10.0.0.1\n';
  await t.throwsAsync(run('-R', rules), {
    code: 'IPVSADM_REFUSED',
    message:
      'line 3, "-a -t 198.51.100.1:81 -r 10.0.0.1": Service not defined: -t 198.51.100.1:81; nothing was changed',
  });
  t.deepEqual(await balancer.services(), []);
  t.is(await run('-S -n'), '');
});

test('a listener of several is ended alone, and what ipvsadm has no word for stays', async (t) => {
  const shop: ServiceInput = { ...(services[0] as ServiceInput), healthCheck: { kind: 'tcp' }, slowStart: '10s' };
  const { run, balancer } = nodeWith(new ListBalancer([shop]));
  await run('-E -t 198.51.100.10:443 -s wlc');
  await run('-D -t 198.51.100.9:80');
  t.like((await balancer.services())[0]?.service, {
    name: 'web',
    listeners: [{ vip: '198.51.100.10', port: 443 }],
    scheduler: 'wlc',
    healthCheck: { kind: 'tcp' },
    slowStart: '10s',
  });
});

/** A command that the node above refuses, and why. */
const refuses = test.macro({
  exec: (t, line: string, message: RegExp) => t.throwsAsync(busyNode().run(line), { code: 'IPVSADM_REFUSED', message }),
  title: (_title, line) => `"ipvsadm ${line}" is refused, as the kernel would or because Weir can't`,
});

test(refuses, '-A -t 198.51.100.10:443', /^Service already exists: -t 198\.51\.100\.10:443$/);
test(refuses, '-E -t 198.51.100.10:444', /^No such service: -t 198\.51\.100\.10:444$/);
test(refuses, '-D -t 198.51.100.10:444', /^No such service: /);
test(refuses, '-a -t 198.51.100.10:444 -r 10.0.0.1', /^Service not defined: -t 198\.51\.100\.10:444$/);
test(refuses, '-a -t 198.51.100.10:443 -r 10.0.0.2:8443 -m', /^Destination already exists: -r 10\.0\.0\.2:8443$/);
test(refuses, '-e -t 198.51.100.10:443 -r 10.0.0.1:80 -m', /^No such destination: -r 10\.0\.0\.1:80$/);
test(refuses, '-d -t 198.51.100.10:443 -r 10.0.0.1:80', /^No such destination: /);
test(
  refuses,
  '-a -t 198.51.100.10:443 -r 10.0.0.1 -g',
  /^-r 10\.0\.0\.1 by dr: service web is forwarded by nat, all of it; give -m/,
);
test(refuses, '-a -t 198.51.100.10:443 -r 10.0.0.1 -m -w 70000', /weight 70000: 65535 is the most/);
test(
  refuses,
  '-A -t 198.51.100.1:80 -s ovf',
  /^Scheduler or persistence engine not found: scheduler ovf .*maxConnections/,
);
test(refuses, '-A -t 198.51.100.1:80 -s sh -b sh-port', /^-b sh-port: sh hashes the source address alone/);
test(refuses, '-A -t 198.51.100.1:80 -p --pe sip', /persistence engine sip/);
test(refuses, '-A -u 198.51.100.1:80 -o', /^--ops: /);
test('a firewall mark is a service with the listeners that iptables marks', async (t) => {
  const node = nodeWith(new ListBalancer());
  await node.run('-A -f 1 -s wlc -p 60');
  t.regex(await node.run('-L -n'), /^FWM {2}1 wlc persistent 60$/m);
  await node.run('-a -f 1 -r 10.0.0.1 -g -w 2');
  await node.run('-a -f 1 -r 10.0.0.2 -g');
  const [entry] = await node.balancer.services();
  t.is(entry?.service.name, 'mark-1');
  t.deepEqual(entry?.service.listeners, [
    { vip: '198.51.100.1', protocol: 'tcp', port: 80 },
    { vip: '198.51.100.1', protocol: 'tcp', port: 443 },
  ]);
  t.is(
    (await node.run('-L -n -f 1')).replaceAll(/ +\n/g, '\n'),
    `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
FWM  1 wlc persistent 60
  -> 10.0.0.1:0                   Route   2      0          0
  -> 10.0.0.2:0                   Route   1      0          0
`,
  );
  await node.run('-e -f 1 -r 10.0.0.2 -g -w 5');
  const rules = '-A -f 1 -s wlc -p 60\n-a -f 1 -r 10.0.0.1:0 -g -w 2\n-a -f 1 -r 10.0.0.2:0 -g -w 5\n';
  t.is(await node.run('-S -n'), rules);
  await node.run('-d -f 1 -r 10.0.0.1');
  await node.run('-d -f 1 -r 10.0.0.2');
  t.deepEqual(await node.balancer.services(), []);
  t.is(await node.run('-S -n'), '-A -f 1 -s wlc -p 60\n');
  await node.run('-D -f 1');
  t.is(await node.run('-S -n'), '');
  await node.run('-R', rules);
  t.is(await node.run('-S -n'), rules);
});

test('marks of IPv6 are apart from those of IPv4', async (t) => {
  const node = nodeWith(new ListBalancer());
  await node.run('-A -f 1 -6');
  await node.run('-a -f 1 -6 -r [fd00::1] -i');
  t.regex(await node.run('-L -n'), /^FWM {2}1 IPv6 wlc$/m);
  await t.throwsAsync(node.run('-E -f 1 -s rr'), { message: /^No such service: -f 1$/ });
  await node.run('-D -f 1 -6');
  t.deepEqual(await node.balancer.services(), []);
});

test('a mark that nothing puts on packets can have no real servers', async (t) => {
  const node = nodeWith(new ListBalancer());
  await node.run('-A -f 9');
  await t.throwsAsync(node.run('-a -f 9 -r 10.0.0.1 -g'), {
    message: /^-f 9: no rule of iptables-save says what packets have mark 9; .*service mark-9/,
  });
});

test(refuses, '-d -t 198.51.100.11:8000 -r 10.0.0.3', /^Service not defined/);
test(refuses, '--start-daemon master', /^--start-daemon master: nodes share flows by state\.store/);
