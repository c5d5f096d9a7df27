import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServiceInput } from '@weir/control';
import test from 'ava';
import { parseFirewallMarks } from '../ipvsadm/firewall-marks.js';
import { importDocument } from '../ipvsadm/import-document.js';
import { checkServices } from '../test-support/list-balancer.js';
import { importKeepalived } from './import-keepalived.js';

/** Of Debian's package keepalived. */
const SAMPLES = '/usr/share/doc/keepalived/samples';

const directory = mkdtempSync(join(tmpdir(), 'weirctl-keepalived-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
async function importText(
  text: string,
  others: Readonly<Record<string, string>> = {},
  configId = 'main',
  iptables = '',
) {
  const file = join(directory, `${files++}`, 'keepalived.conf');
  for (const [name, content] of Object.entries({ 'keepalived.conf': text, ...others })) {
    mkdirSync(dirname(join(dirname(file), name)), { recursive: true });
    writeFileSync(join(dirname(file), name), content);
  }
  const marks = parseFirewallMarks(iptables, 'iptables', () => undefined);
  const { sections, losses } = await importKeepalived(file, { configId, marks });
  checkServices(sections);
  return { sections, services: sections.services, losses: losses.map(({ path, message }) => `${path}: ${message}`) };
}

const real = (text = '') => `real_server 10.0.0.1 80 { weight 1\n ${text}\n }`;
const virtual = (text: string, head = '198.51.100.1 80') =>
  `virtual_server ${head} {\n delay_loop 6\n lb_algo rr\n${text}\n}\n`;

const samples = readdirSync(SAMPLES).filter((name) => name.startsWith('keepalived.conf.'));
/** Those with virtual servers on fwmarks alone: what packets have a mark, they do not say. */
const withoutServices = new Set(['keepalived.conf.fwmark']);
const golden = [
  'SMTP_CHECK',
  'SSL_GET',
  'quorum',
  'sample',
  'status_code',
  'virtual_server_group',
  'vrrp.lvs_syncd',
  'IPv6',
];

test('the package keepalived has samples', (t) => {
  t.true(samples.length >= 20, `${samples.length}`);
  for (const name of golden) t.true(samples.includes(`keepalived.conf.${name}`), name);
});

for (const sample of samples) {
  test(`Debian's sample ${sample} becomes services that lb-node takes`, async (t) => {
    const file = join(SAMPLES, sample);
    const text = readFileSync(file, 'utf8');
    const { sections, losses } = await importKeepalived(file, { configId: 'high', marks: new Map() });
    const { services } = checkServices(sections);
    const wanted = /^virtual_server /m.test(text) && !withoutServices.has(sample);
    t.is(services.length > 0, wanted);
    t.true(losses.every(({ path, message }) => /^line \d+$/.test(path) && !message.includes('not known here')));

    const name = sample.slice('keepalived.conf.'.length);
    if (!golden.includes(name)) return;
    const goldenFile = new URL(`../../golden/keepalived-${name}.yaml`, import.meta.url);
    const document = importDocument(sample, sections, losses);
    if (process.env.WEIR_UPDATE_GOLDEN !== undefined) writeFileSync(goldenFile, document);
    t.is(document, readFileSync(goldenFile, 'utf8'));
  });
}

test('a virtual server is carried over with all that Weir has a word for', async (t) => {
  const { services, losses, sections } = await importText(`
global_defs { lvs_timeouts tcp 7200 tcpfin 30 udp 60 }
virtual_server 198.51.100.1 443 {
    delay_loop 6.5
    lvs_sched wrr
    lvs_method TUN type gue port 6078
    persistence_timeout 600
    persistence_granularity 255.255.255.0
    protocol TCP
    virtualhost shop.example
    connect_timeout 2
    retry 2
    delay_before_retry 1
    sorry_server 10.0.0.9 443
    real_server 10.0.0.1 443 {
        weight 3
        uthreshold 100
        lthreshold 80
        SSL_GET {
            enable_sni
            url { path "/health check" }
            url {
                path /other
            }
        }
    }
    real_server 10.0.0.2 443
    {
        SSL_GET
        {
            connect_port 8443
            enable_sni
            url
            {
                path /health
                regex ready
                status_code 200-299 404
            }
        }
    }
}`);
  t.deepEqual(sections.dataplane, { timeouts: { tcp: '2h', tcpFin: '30s', udp: '1m' } });
  t.deepEqual(services, [
    {
      name: 'tcp-198.51.100.1-443',
      vip: '198.51.100.1',
      protocol: 'tcp',
      port: 443,
      method: 'gue',
      guePort: 6078,
      scheduler: 'wrr',
      persistence: { timeout: '10m', netmask: 24 },
      healthCheck: {
        kind: 'https',
        host: 'shop.example',
        tls: { serverName: 'shop.example' },
        interval: '6500ms',
        fastInterval: '1s',
        timeout: '2s',
        rise: 1,
        fall: 3,
      },
      backends: [
        {
          address: '10.0.0.1',
          weight: 3,
          maxConnections: 100,
          minConnections: 80,
          healthCheck: { path: '/', status: '200-299' },
        },
        {
          address: '10.0.0.2',
          healthCheck: { path: '/health', status: ['200-299', 404], body: 'ready', port: 8443 },
        },
      ],
      fallback: { address: '10.0.0.9' },
    },
  ]);
  t.is(losses.length, 2);
  t.regex(losses[0] as string, /^line 22: url \/other: a check asks one URL/);
  t.regex(losses[1] as string, /^line 21: path "\/health check" does not begin with/);
});

/** A check of a real server, what it becomes, and what is told. */
const checks = test.macro({
  exec: async (t, check: string, expected: ServiceInput['healthCheck'], ...told: readonly RegExp[]) => {
    const { services, losses } = await importText(virtual(`protocol UDP\n lb_kind DR\n${real(check)}`));
    t.deepEqual(services[0]?.healthCheck, expected);
    t.is(losses.length, told.length, losses.join('\n'));
    for (const [at, message] of told.entries()) t.regex(losses[at] as string, message);
  },
  title: (_title, check: string) => `${check.replace(/\s+/g, ' ')} becomes what Weir has for it`,
});

const times = { interval: '6s', fastInterval: '1s', timeout: '5s', rise: 1, fall: 2 } as const;
test(checks, 'TCP_CHECK { }', { kind: 'tcp', ...times });
test(checks, 'TCP_CHECK { connect_timeout 3\n retry 4\n delay_before_retry 2\n connect_port 81 }', {
  kind: 'tcp',
  port: 81,
  interval: '6s',
  fastInterval: '2s',
  timeout: '3s',
  rise: 1,
  fall: 5,
});
test(
  checks,
  'TCP_CHECK { connect_timeout 30 }',
  { kind: 'tcp', ...times, timeout: '6s' },
  /^line 7: a timeout of 30 s is longer/,
);
test(checks, 'TCP_CHECK { retry often }', { kind: 'tcp', ...times }, /retry "often" is not a number/);
test(checks, 'HTTP_GET { url { path /a } }', {
  kind: 'http',
  path: '/a',
  status: '200-299',
  ...times,
  fastInterval: '3s',
});
test(
  checks,
  'HTTP_GET { url { path /a\n digest 0123\n regex ^ok$ } }',
  { kind: 'http', path: '/a', status: '200-299', ...times, fastInterval: '3s' },
  /^line 8: digest 0123: a body is not hashed/,
  /^line 9: regex \^ok\$: a body is searched for a text/,
);
test(checks, 'DNS_CHECK { type A\n name example.org }', {
  kind: 'dns',
  name: 'example.org',
  recordType: 'A',
  ...times,
  fastInterval: '6s',
  fall: 4,
});
test(
  checks,
  'DNS_CHECK { type MX }',
  { kind: 'dns', name: '.', recordType: 'SOA', ...times, fastInterval: '6s', fall: 4 },
  /type MX is none of A AAAA SOA NS TXT: SOA is taken/,
);
test(checks, 'PING_CHECK { retry 4 }', { kind: 'icmp', ...times, fall: 5 });
test(
  checks,
  'UDP_CHECK { payload ab }',
  { kind: 'icmp', ...times },
  /payload ab: a program/,
  /UDP_CHECK: kind icmp is taken/,
);
test(checks, 'SMTP_CHECK { helo_name "a b" }', { kind: 'tcp', ...times }, /SMTP_CHECK: kind tcp is taken/);
test(
  checks,
  'MISC_CHECK { misc_path "/usr/local/bin/check 10.0.0.1 \'a b\'"\n misc_timeout 3\n misc_dynamic }',
  { kind: 'script', command: ['/usr/local/bin/check', '10.0.0.1', 'a b'], ...times, timeout: '3s', fall: 1 },
  /misc_dynamic: a program says whether/,
);
test(checks, 'MISC_CHECK { misc_path check }', undefined, /misc_path "check" does not begin with the absolute path/);
test(checks, 'FILE_CHECK { track_file f }', undefined, /track_file f/, /FILE_CHECK: there is no such kind/);
test(
  checks,
  'TCP_CHECK { }\n PING_CHECK { }',
  { kind: 'tcp', ...times },
  /^line 8: PING_CHECK: a backend has one check/,
);
test(checks, 'TCP_CHECK { bindto 10.0.0.99 }', { kind: 'tcp', ...times }, /bindto 10\.0\.0\.99: probes come from/);
test(
  checks,
  'TCP_CHECK { connect_ip 10.0.0.99 }',
  { kind: 'tcp', ...times },
  /connect_ip 10\.0\.0\.99: probes go to the backend/,
);

test('backends without a check are not checked where others are', async (t) => {
  const { services } = await importText(
    virtual(
      `lb_kind NAT\n${real('TCP_CHECK { connect_timeout 1 }')}\n real_server 10.0.0.2 80 { }\n real_server 10.0.0.3 81 { TCP_CHECK { connect_timeout 2 } }`,
    ),
  );
  t.deepEqual(services[0]?.backends, [
    { address: '10.0.0.1', healthCheck: { timeout: '1s' } },
    { address: '10.0.0.2', healthCheck: 'off' },
    { address: '10.0.0.3', port: 81, healthCheck: { timeout: '2s' } },
  ]);
});

test('checks of several kinds stand at their backends', async (t) => {
  const { services } = await importText(
    virtual(`${real('TCP_CHECK { }')}\n real_server 10.0.0.2 80 { PING_CHECK { } }\n real_server 10.0.0.3 80 { }`),
  );
  t.is(services[0]?.healthCheck, undefined);
  t.deepEqual(
    services[0]?.backends?.map(({ healthCheck }) => (healthCheck === 'off' ? healthCheck : healthCheck?.kind)),
    ['tcp', 'icmp', undefined],
  );
});

test('a group is a service with all its listeners: single ones, ranges, networks and marks', async (t) => {
  const group = `virtual_server_group G {
  198.51.100.1 80
  198.51.100.3-4 443
  198.51.100.254-198.51.101.1 80
  198.51.102.0/31 80
  2001:db8::9-b 80
  fwmark 7
}
`;
  const iptables = '-A PREROUTING -d 203.0.113.9/32 -p tcp --dport 25 -j MARK --set-mark 7';
  const { services, losses } = await importText(
    `${group}${virtual(`lb_kind TUN\n${real()}`, 'group G')}`,
    {},
    'main',
    iptables,
  );
  t.deepEqual(losses, []);
  t.is(services[0]?.name, 'G');
  t.deepEqual(
    services[0]?.listeners?.map(({ vip, port }) => `${vip} ${port}`),
    [
      '198.51.100.1 80',
      '198.51.100.3 443',
      '198.51.100.4 443',
      ...['198.51.100.254', '198.51.100.255', '198.51.101.0', '198.51.101.1'].map((vip) => `${vip} 80`),
      '198.51.102.0 80',
      '198.51.102.1 80',
      ...['2001:db8::9', '2001:db8::a', '2001:db8::b'].map((vip) => `${vip} 80`),
      '203.0.113.9 25',
    ],
  );
});

test('included files are read, with their own lines, and one that is not there is told of', async (t) => {
  const { services, losses } = await importText(
    'include conf.d/*.conf\ninclude conf.d/sub/{a,b}.inc\ninclude nowhere/*.conf\n',
    {
      'conf.d/1.conf': virtual(real()),
      'conf.d/2.conf': `# second\n${virtual(`quorum 2\n${real()}`, '198.51.100.2 80')}include sub/b.inc\n`,
      'conf.d/sub/a.inc': virtual(real(), '198.51.100.3 80'),
      'conf.d/sub/b.inc': 'foo bar\n',
    },
  );
  t.deepEqual(
    services.map(({ vip }) => vip),
    ['198.51.100.1', '198.51.100.2', '198.51.100.3'],
  );
  t.deepEqual(
    losses.map((loss) => loss.replace(/(?<=: .*):.*/, '')),
    [
      'line 3: include nowhere/*.conf',
      'conf.d/sub/b.inc, line 1: foo bar',
      'conf.d/sub/b.inc, line 1: foo bar',
      'conf.d/2.conf, line 5: quorum 2',
    ],
  );
});

test('lines for another config id are left out, and parameters stand for their values, also of several lines', async (t) => {
  // After "Parameter substitution" of keepalived.conf(5).
  const text = `
@main $NET=198.51.100
@backup $NET=203.0.113
@^main $WEIGHT=9
$RS= \\
real_server 10.0.\${VS}.\${RS_NUM} 80 { \\
    weight \${WEIGHT} \\
} \\

$WEIGHT=2
$VS_BLOCK= \\
virtual_server \${NET}.\${VS} 80 { \\
    lb_algo rr \\
    $RS_NUM=1 \\
    $RS \\
    $RS_NUM=2 \\
    $RS \\
} \\

$VS=1
$VS_BLOCK
$VS=2
$VS_BLOCK
`;
  const { services, losses } = await importText(text);
  t.deepEqual(losses, []);
  t.deepEqual(
    services.map(({ vip, backends }) => `${vip} ${backends?.map(({ address, weight }) => `${address} ${weight}`)}`),
    ['198.51.100.1 10.0.1.1 2,10.0.1.2 2', '198.51.100.2 10.0.2.1 2,10.0.2.2 2'],
  );
  t.is((await importText(text, {}, 'backup')).services[0]?.vip, '203.0.113.1');
});

test('comments end at the line, and # and ! within quotes are none', async (t) => {
  const { services } = await importText(
    virtual(real('MISC_CHECK { misc_path "/bin/check \'#1!\'" # not this\n } ! nor this')),
  );
  t.like(services[0]?.healthCheck, { command: ['/bin/check', '#1!'] });
});

/** A configuration with one service that is fine, and what is told of the rest. */
const tells = test.macro({
  exec: async (t, text: string, ...told: readonly RegExp[]) => {
    const { services, losses } = await importText(`${text}\n${virtual(real(), '198.51.100.9 80')}`);
    t.is(services.at(-1)?.vip, '198.51.100.9');
    t.is(losses.length, told.length, losses.join('\n'));
    for (const [at, message] of told.entries()) t.regex(losses[at] as string, message);
  },
  title: (title) => `${title} is told of by its line, and the rest is carried over`,
});

test(
  'a quorum',
  tells,
  virtual(`quorum 2\n hysteresis 1\n quorum_up /bin/up\n${real()}`),
  /^line 4: quorum 2: /,
  /^line 5: hysteresis 1/,
  /^line 6: quorum_up \/bin\/up: Weir runs no scripts/,
);
test(
  'alpha, omega and ha_suspend',
  tells,
  virtual(`alpha\n omega\n ha_suspend\n${real()}`),
  /alpha: what a node finds/,
  /omega: a node that stops/,
  /ha_suspend: all nodes probe/,
);
test('one-packet scheduling', tells, virtual(`protocol UDP\n ops\n${real()}`), /^line 1: ops: flows of UDP/);
test(
  'a scheduler that Weir has not',
  tells,
  'virtual_server 198.51.100.1 80 {\n lb_algo twos\n real_server 10.0.0.1 80 { }\n}',
  /^line 1: scheduler twos is none of .*wlc: no service$/,
);
test(
  'a keyword that nobody knows',
  tells,
  virtual(`colour blue\n${real()}`),
  /^line 4: colour blue: is not known here/,
);
test('a block that nobody knows', tells, 'colour blue {\n a b\n}', /^line 1: colour blue: is not known here/);
test('a brace too many', tells, '}', /^line 1: a "}" that closes nothing/);
test('a group that is not there', tells, virtual(real(), 'group G'), /^line 1: there is no virtual_server_group G/);
test('a mark without rules', tells, virtual(real(), 'fwmark 5'), /^line 1: fwmark 5: which packets have the mark/);
test(
  'a real server with a name instead of an address',
  tells,
  virtual('real_server web 80 { }\n real_server 10.0.0.1 80 { }'),
  /^line 4: real_server web 80 is not an address/,
);
test('a port that is none', tells, virtual(real(), '198.51.100.1 http'), /^line 1: "http" is not a port/);
test(
  'a virtual server that is there twice',
  tells,
  virtual(real()) + virtual(real()),
  /^line 8: 198\.51\.100\.1:80 has a virtual server already/,
);
test(
  'an RS of another family with NAT',
  tells,
  virtual('lb_kind NAT\n real_server fd00::1 80 { }\n real_server 10.0.0.1 80 { }'),
  /^line 5: fd00::1 is not of the family/,
);

test('a brace that is never closed is told of, and what is within counts', async (t) => {
  const { services, losses } = await importText(
    'virtual_server 198.51.100.1 80 {\n lb_algo rr\n real_server 10.0.0.1 80 { weight 2\n }',
  );
  t.is(services.length, 1);
  t.deepEqual(losses, ['line 1: a "{" that is never closed: taken to reach to the end']);
});

const vrrp = (name: string, text: string) => `vrrp_instance ${name} {\n${text}\n}\n`;

test('an instance that holds VIPs of services is the section vrrp', async (t) => {
  const { sections, losses } = await importText(
    vrrp(
      'VI_1',
      'interface eth0\n virtual_router_id 51\n advert_int 0.5\n nopreempt\n priority 100\n virtual_ipaddress {\n 198.51.100.1/24 dev eth0\n 198.51.100.2\n }',
    ) +
      virtual(real()) +
      virtual(real(), '198.51.100.2 80'),
  );
  t.deepEqual(sections.vrrp, {
    interface: 'eth0',
    routerIds: { '198.51.100.1': 51 },
    advertInterval: '500ms',
    preempt: false,
  });
  t.is(losses.length, 2);
  t.regex(losses[0] as string, /^line 1: vrrp: priorities follow from the names of nodes/);
  t.regex(
    losses[1] as string,
    /^line 1: vrrp_instance VI_1: each VIP has an id of its own: 51 is that of 198\.51\.100\.1/,
  );
});

test('instances with VIPs of no service, or on another interface, are told of', async (t) => {
  const instance = (name: string, device: string, id: number, vip: string) =>
    vrrp(name, `interface ${device}\n virtual_router_id ${id}\n track_script { a }\n virtual_ipaddress {\n ${vip}\n }`);
  const { sections, losses } = await importText(
    [
      instance('VI_1', 'eth0', 51, '198.51.100.1'),
      instance('VI_2', 'eth0', 51, '198.51.100.2'),
      instance('VI_3', 'eth1', 53, '198.51.100.3'),
      instance('VI_4', 'eth0', 54, '198.51.100.4'),
      ...[1, 2, 3].map((part) => virtual(real(), `198.51.100.${part} 80`)),
    ].join(''),
  );
  t.deepEqual(sections.vrrp, { interface: 'eth0', routerIds: { '198.51.100.1': 51 } });
  t.regex(losses.join('\n'), /vrrp_instance VI_4: 198\.51\.100\.4 is the VIP of no service/);
  t.regex(losses.join('\n'), /vrrp_instance VI_3 is on eth1: VIPs are on one interface, eth0/);
  t.regex(losses.join('\n'), /vrrp_instance VI_2: virtual_router_id 51 is there already: 198\.51\.100\.2 gets another/);
  t.is(losses.filter((loss) => loss.includes('track_script')).length, 3);
});
