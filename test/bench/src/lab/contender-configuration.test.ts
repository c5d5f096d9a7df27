import test from 'ava';
import { haproxyConfiguration } from './haproxy-contender.js';
import { nftablesRules } from './nftables-contender.js';
import { nginxStreamConfiguration } from './nginx-stream-contender.js';

const backends = ['10.0.0.21', '10.0.0.22'];
const vip = '198.51.100.10';
const backends6 = ['fd00:10::21'];
const vip6 = '2001:db8:100::10';

test('nftables gives new connections to the backends in turn, in the family of the VIP', (t) => {
  t.regex(
    nftablesRules({ vip, backends, flowTable: false }),
    /ip daddr 198\.51\.100\.10 tcp dport 80 dnat ip to numgen inc mod 2 map \{ 0 : 10\.0\.0\.21, 1 : 10\.0\.0\.22 \}/,
  );
  t.regex(
    nftablesRules({ vip: vip6, backends: backends6, flowTable: false }),
    /ip6 daddr 2001:db8:100::10 tcp dport 80 dnat ip6 to numgen inc mod 1 map \{ 0 : fd00:10::21 \}/,
  );
});

test('only rules with a flow table mention one', (t) => {
  t.regex(nftablesRules({ vip, backends, flowTable: true }), /flowtable fast \{[\s\S]*flow add @fast/);
  t.notRegex(nftablesRules({ vip, backends, flowTable: false }), /flow/);
});

test('proxies listen on the VIP and put IPv6 addresses in brackets', (t) => {
  const nginx = nginxStreamConfiguration({ directory: '/d', vip: vip6, backends: backends6, workers: 1 });
  t.regex(nginx, /listen \[2001:db8:100::10\]:80 reuseport/);
  t.regex(nginx, /server \[fd00:10::21\]:80/);
  const haproxy = haproxyConfiguration({ vip: vip6, backends: backends6, threads: 1 });
  t.regex(haproxy, /bind \[2001:db8:100::10\]:80/);
  t.regex(haproxy, /server backend1 \[fd00:10::21\]:80/);
});

test('a proxy has all backends and as many workers as it was given', (t) => {
  const nginx = nginxStreamConfiguration({ directory: '/d', vip, backends, workers: 3 });
  t.is(nginx.match(/server 10\.0\.0\.2\d:80/g)?.length, 2);
  t.regex(nginx, /worker_processes 3;/);
  const haproxy = haproxyConfiguration({ vip, backends, threads: 3 });
  t.is(haproxy.match(/server backend\d 10\.0\.0\.2\d:80/g)?.length, 2);
  t.regex(haproxy, /nbthread 3\n/);
});
