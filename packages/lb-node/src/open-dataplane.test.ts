import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { Counters } from '@weir/dataplane';
import test from 'ava';
import { directory, run, startDaemon, UNTIL_THE_TEST_ENDS } from './test-support/daemon.js';
import { enterPrivateNetwork, isRoot, onPeer, sh } from './test-support/private-network.js';

const testAsRoot = isRoot ? test.serial : test.serial.skip;

if (!isRoot) process.stderr.write('skipped: namespaces and a TUN device need root\n');
test.before(() => {
  if (isRoot) enterPrivateNetwork();
});
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const document = `node: { name: lb1, interfaces: [eth0], address: 10.0.0.11, localAddresses: [10.0.0.111] }
dataplane: { engine: portable, maxServices: 4, maxBackends: 16, tableRows: 251 }
runtimeDirectory: ${directory}/run
shutdown: { drain: 10ms }
services:
  - { name: web, vip: 198.51.100.10, port: 80, method: fullnat, backends: [ { address: 10.0.0.21 } ] }
`;

/** Tells who asks. */
const SERVER = `
import http.server
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.client_address[0].encode())
    def log_message(self, *words): pass
server = http.server.HTTPServer(('10.0.0.21', 80), Page)
print('ready', flush=True)
server.serve_forever()
`;

testAsRoot('engine portable: lb-node forwards, counts, and leaves the interface as it was', async (t) => {
  const command = [...UNTIL_THE_TEST_ENDS, 'nsenter', '--net=/run/netns/peer', 'python3', '-c', SERVER];
  const server = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => server.kill());
  await once(server.stdout, 'data');
  onPeer('ip route add 198.51.100.10 via 10.0.0.11');
  const before = sh('tc qdisc show dev eth0');

  const daemon = await startDaemon(t, document);
  t.is(onPeer('curl -sS -m 20 http://198.51.100.10/'), '10.0.0.111');
  const { services } = JSON.parse(run('--config', daemon.file, 'counters', '--json').stdout) as Counters;
  t.is(services[0]?.backends[0]?.inactiveConnections, 1);
  t.true((services[0]?.packets ?? 0) >= 5);

  t.is(await daemon.stop(), 0);
  t.is(sh('tc qdisc show dev eth0'), before);
  t.notRegex(sh('ip link show'), /weir0/);
  const { status, stderr } = run('--config', daemon.file, 'counters');
  t.is(status, 69);
  t.regex(stderr, /has lb-node run here/);
});
