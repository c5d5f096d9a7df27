import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { configFile, run } from './test-support/daemon.js';

/** A configuration with a file of overrides of its own, and the command on it. */
function start(t: ExecutionContext, bgp = true) {
  const file = configFile('');
  t.teardown(() => rmSync(dirname(file), { recursive: true, force: true }));
  const text = (overrides: string) => `
node: { interfaces: [eth0], address: 10.0.0.11, address6: "fd00::11" }
${bgp ? `bgp: { asn: 64512, gobgpd: { api: "127.0.0.1:9" }, overridesFile: ${overrides}, peers: [ { address: 10.0.0.1, asn: 64500 } ] }` : ''}
services:
  - { name: web, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21 } ] }
  - { name: web6, vip: "2001:db8::10", port: 80, backends: [ { address: "fd00::21" } ] }
`;
  const weir = configFile(text(join(dirname(file), 'state', 'announce.json')));
  t.teardown(() => rmSync(dirname(weir), { recursive: true, force: true }));
  return { weir, announce: (...args: string[]) => run('--config', weir, 'announce', ...args) };
}

test('what is turned off stays off until it is auto, and the list says so', (t) => {
  const { announce } = start(t);
  t.is(
    announce('198.51.100.10', 'off').stdout,
    '198.51.100.10: off; not announced however healthy, also after a restart, until it is "auto" again\n',
  );
  announce('2001:db8:0::10', 'on');
  const list = `VIP            WANTED  ANNOUNCED
198.51.100.10  off     unknown
2001:db8::10   on      unknown
no gobgpd answers at 127.0.0.1:9
`;
  t.is(announce().stdout, list);
  announce('198.51.100.10', 'auto');
  t.regex(announce('198.51.100.10').stdout, /\n198\.51\.100\.10 {2}auto {4}unknown\n/);
});

for (const [args, message] of [
  [
    ['198.51.100.99', 'off'],
    /^lb-node: 198\.51\.100\.99 is no VIP of \S+weir\.yaml; it has 198\.51\.100\.10, 2001:db8::10\n$/,
  ],
  [['web', 'off'], /^lb-node: "web" is not an IP address; a VIP such as 198\.51\.100\.10 is expected\n$/],
  [['198.51.100.10', 'down'], /^lb-node: "down" is not on, off or auto\n$/],
] as const) {
  test(`"announce ${args.join(' ')}" is refused with what would be right`, (t) => {
    const { status, stderr } = start(t).announce(...args);
    t.regex(stderr, message);
    t.is(status, 2);
  });
}

test('without bgp there is nothing to override', (t) => {
  t.regex(start(t, false).announce().stderr, /has no section bgp/);
});
