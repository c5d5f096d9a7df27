import { parseNodeConfig } from '@weir/control';
import test from 'ava';
import type { Host } from './host.js';
import { localHost } from './local-host.js';
import { requireWidth } from './require-surroundings.js';
import type { NodeSubject } from './subject.js';

function nodeWith(...backends: readonly string[]): NodeSubject {
  const members = backends.map((address) => `{ address: ${address} }`).join(', ');
  const service = `{ name: web, vip: 198.51.100.10, port: 80, method: ipip, backends: [${members}] }`;
  const config = parseNodeConfig(`node: { name: lb1, interfaces: [eth0] }\nservices: [${service}]`, 'weir.yaml');
  return { role: 'node', configFile: 'weir.yaml', config, services: config.services };
}

/** This host, but with interfaces and routes of the test's own: links by name, routes by address. */
function hostWith(links: Record<string, number>, routes: Record<string, object>): Host {
  return {
    ...localHost(),
    run: async (_command, args) => {
      const last = args.at(-1) ?? '';
      const answer = args.includes('route') ? routes[last] : { ifname: last, mtu: links[last], flags: [] };
      return JSON.stringify(answer === undefined ? [] : [answer]);
    },
  };
}

test('one way that is too narrow is told of, and keeps no node from serving the others', async (t) => {
  const host = hostWith({ eth0: 1500, wg0: 1280 }, { '10.0.0.21': { dev: 'eth0' }, '10.0.0.22': { dev: 'wg0' } });
  const { faults, warnings } = await requireWidth(nodeWith('10.0.0.21', '10.0.0.22'), host);
  t.is(faults.length, 1);
  t.regex(faults[0] ?? '', /^wg0: MTU 1280 towards 10\.0\.0\.22; .* 1260 are left/);
  t.regex(warnings.join(), /^eth0: MTU 1500/);
});

test('a node none of whose ways takes 1280 bytes does not start', async (t) => {
  const host = hostWith({ wg0: 1280 }, { '10.0.0.21': { dev: 'wg0' }, '10.0.0.22': { dev: 'wg0' } });
  await t.throwsAsync(requireWidth(nodeWith('10.0.0.21', '10.0.0.22'), host), { code: 'MTU_TOO_SMALL' });
});

test('a path MTU that was learned and expires counts for nothing; that of a route does', async (t) => {
  const narrow = { dev: 'eth0', metrics: [{ mtu: 600 }] };
  const learned = hostWith({ eth0: 1600 }, { '10.0.0.21': { ...narrow, expires: 590 } });
  t.deepEqual(await requireWidth(nodeWith('10.0.0.21'), learned), { faults: [], warnings: [] });
  const configured = hostWith({ eth0: 1600 }, { '10.0.0.21': narrow });
  await t.throwsAsync(requireWidth(nodeWith('10.0.0.21'), configured), { code: 'MTU_TOO_SMALL' });
});
