import test from 'ava';
import { checkServices } from '../test-support/list-balancer.js';
import { parseFirewallMarks } from './firewall-marks.js';
import { importRules } from './import-rules.js';
import { systemNames } from './name-lookup.js';

const importText = (text: string, iptables = '') =>
  importRules(
    text,
    parseFirewallMarks(iptables, 'iptables', () => undefined),
    systemNames,
  );

test('rules of -S -n are services with all that ipvsadm(8) says of them, and lb-node takes them', async (t) => {
  const { services, losses } = await importText(`-A -t 198.51.100.1:443 -s wrr -p 300 -M 255.255.255.0
-a -t 198.51.100.1:443 -r 10.0.0.1:8443 -m -w 3 -x 100 -y 80
-a -t 198.51.100.1:443 -r 10.0.0.2:443 -m -w 0
-A -u 198.51.100.1:53 -s rr
-a -u 198.51.100.1:53 -r 10.0.0.3:53 -g -w 1
-A -t [2001:db8::1]:80 -s sh -b sh-fallback
-a -t [2001:db8::1]:80 -r [fd00::1]:80 -i -w 1 --tun-type gue --tun-port 6078 --tun-nocsum
-A -t 198.51.100.2:0 -s sh -p 50
-a -t 198.51.100.2:0 -r 10.0.0.4:0 -g -w 1
`);
  t.deepEqual(losses, []);
  t.deepEqual(services, [
    {
      name: 'tcp-198.51.100.1-443',
      vip: '198.51.100.1',
      protocol: 'tcp',
      port: 443,
      method: 'nat',
      scheduler: 'wrr',
      persistence: { timeout: '5m', netmask: 24 },
      backends: [
        { address: '10.0.0.1', port: 8443, weight: 3, maxConnections: 100, minConnections: 80 },
        { address: '10.0.0.2', weight: 0 },
      ],
    },
    {
      name: 'udp-198.51.100.1-53',
      vip: '198.51.100.1',
      protocol: 'udp',
      port: 53,
      method: 'dr',
      scheduler: 'rr',
      backends: [{ address: '10.0.0.3' }],
    },
    {
      name: 'tcp-2001:db8::1-80',
      vip: '2001:db8::1',
      protocol: 'tcp',
      port: 80,
      method: 'gue',
      guePort: 6078,
      scheduler: 'sh',
      backends: [{ address: 'fd00::1' }],
    },
    {
      name: 'tcp-198.51.100.2-all',
      vip: '198.51.100.2',
      protocol: 'tcp',
      port: 'all',
      method: 'dr',
      scheduler: 'sh',
      persistence: { timeout: '50s' },
      backends: [{ address: '10.0.0.4' }],
    },
  ]);
  t.is(checkServices({ services }).services.length, 4);
});

/** Rules whose line 1 and 2 are of a service that is fine, and what is told of the others. */
const loses = test.macro({
  exec: async (t, rules: string, ...messages: readonly RegExp[]) => {
    const fine = '-A -t 198.51.100.9:80 -s rr\n-a -t 198.51.100.9:80 -r 10.0.0.9:80 -g\n';
    const { services, losses } = await importText(`${fine}${rules}`);
    t.is(losses.length, messages.length, JSON.stringify(losses));
    for (const [at, message] of messages.entries()) t.regex(`${losses[at]?.path}: ${losses[at]?.message}`, message);
    t.is(services[0]?.name, 'tcp-198.51.100.9-80');
    t.notThrows(() => checkServices({ services }));
  },
  title: (title) => `${title} is told of by its line, and the rest is carried over`,
});

test(
  'a firewall mark without iptables rules',
  loses,
  '-A -f 1 -s rr\n-a -f 1 -r 10.0.0.1 -m',
  /^line 3: -f 1: which packets/,
);
test(
  'a scheduler that Weir has not',
  loses,
  '-A -t 198.51.100.1:80 -s fo\n-a -t 198.51.100.1:80 -r 10.0.0.1',
  /^line 3: scheduler fo is none of .* fallback/,
);
test('a service without real servers', loses, '-A -t 198.51.100.1:80 -s rr', /^line 3: has no real server/);
test('a line that is no rule', loses, '--set 1 2 3', /^line 3: "--set 1 2 3" is no rule/);
test('a line that ipvsadm would refuse', loses, '-A -t 198.51.100.1 -s rr', /^line 3: .*Zero port/);
test(
  'a real server of a service that is not there',
  loses,
  '-a -t 198.51.100.1:80 -r 10.0.0.1',
  /^line 3: -t 198\.51\.100\.1:80 was not added/,
);
test(
  'a service that is there twice',
  loses,
  '-A -t 198.51.100.9:80 -s rr',
  /^line 3: -t 198\.51\.100\.9:80 is there already/,
);
test(
  'a real server that is there twice',
  loses,
  '-a -t 198.51.100.9:80 -r 10.0.0.9',
  /^line 3: 10\.0\.0\.9 port 80 is there already/,
);
test(
  'a real server with another method',
  loses,
  '-a -t 198.51.100.9:80 -r 10.0.0.1 -i\n-a -t 198.51.100.9:80 -r 10.0.0.2',
  /^line 3: 10\.0\.0\.1 is reached by ipip, and most .* by dr/,
);
test(
  'a real server that is a VIP',
  loses,
  '-a -t 198.51.100.9:80 -r 198.51.100.9',
  /^line 3: 198\.51\.100\.9 is a VIP too/,
);
test('a weight above 65535', loses, '-a -t 198.51.100.9:80 -r 10.0.0.1 -w 100000', /^line 3: weight 100000/);
test(
  'a lower threshold without an upper one',
  loses,
  '-a -t 198.51.100.9:80 -r 10.0.0.1 -y 5',
  /^line 3: lower threshold 5/,
);
test(
  'what a scheduler does otherwise',
  loses,
  '-A -t 198.51.100.1:80 -s mh\n-a -t 198.51.100.1:80 -r 10.0.0.1\n-A -t 198.51.100.1:81 -s sh -b sh-port\n-a -t 198.51.100.1:81 -r 10.0.0.1',
  /^line 3: mh without mh-port/,
  /^line 5: sh-port/,
);
test(
  'one-packet scheduling, and a persistence engine',
  loses,
  '-A -u 198.51.100.1:5060 -s rr -o -p 60 --pe sip\n-a -u 198.51.100.1:5060 -r 10.0.0.1',
  /^line 3: ops/,
  /^line 3: persistence engine sip/,
);

test('a firewall mark is a service with the listeners that iptables marks', async (t) => {
  const rules = `*mangle
-A PREROUTING -d 198.51.100.1/32 -p tcp -m tcp --dport 80 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -d 198.51.100.1/32 -p tcp -m multiport --dports 443,8000:8999 -j MARK --set-xmark 0x1/0xffffffff
-A PREROUTING -d 2001:db8::1/128 -p udp -m udp --dport 53 -j MARK --set-mark 2
COMMIT
`;
  const { services, losses } = await importText(
    '-A -f 1 -s wlc -p 600\n-a -f 1 -r 10.0.0.1:0 -g -w 1\n-A -f 2 -6 -s rr\n-a -f 2 -6 -r [fd00::1]:0 -i',
    rules,
  );
  t.deepEqual(losses, []);
  t.deepEqual(services[0]?.listeners, [
    { vip: '198.51.100.1', protocol: 'tcp', port: 80 },
    { vip: '198.51.100.1', protocol: 'tcp', port: 443 },
    { vip: '198.51.100.1', protocol: 'tcp', port: '8000-8999' },
  ]);
  t.is(services[0]?.name, 'mark-1');
  t.like(services[1], { name: 'mark-2', vip: '2001:db8::1', protocol: 'udp', port: 53 });
  t.notThrows(() => checkServices({ services }));
});

test('a mark of packets to a network, whatever the protocol, is listeners on all ports', async (t) => {
  // EXAMPLE 2 of ipvsadm(8).
  const rule = 'iptables  -A PREROUTING -t mangle -d 207.175.44.110/31 -j MARK --set-mark 1';
  const { services, losses } = await importText('-A -f 1  -s rr\n-a -f 1 -r 192.168.10.1:0 -m', rule);
  t.deepEqual(losses, []);
  t.deepEqual(
    services[0]?.listeners?.map(({ vip, protocol, port }) => `${vip} ${protocol} ${port}`),
    ['207.175.44.110 tcp all', '207.175.44.110 udp all', '207.175.44.111 tcp all', '207.175.44.111 udp all'],
  );
});

test('a rule of iptables that does not say where packets go is told of', (t) => {
  const told: string[] = [];
  const text = '-A PREROUTING -d 10.0.0.0/8 -p tcp -j MARK --set-mark 3\n-A PREROUTING -j ACCEPT';
  const marks = parseFirewallMarks(text, 'rules.v4', (place, message) => told.push(`${place}: ${message}`));
  t.deepEqual(marks.get(3), []);
  t.is(told.length, 1);
  t.regex(told[0] as string, /^rules\.v4, line 1: mark 3: the rule has no destination/);
});
