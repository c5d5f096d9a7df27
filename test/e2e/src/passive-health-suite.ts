import { join } from 'node:path';
import {
  type HttpLoad,
  type ServiceDocument,
  type StandardCluster,
  standardCluster,
  startNginx,
  twoArmCluster,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import type { ExecutionContext } from 'ava';
import { waitForForgotten } from './forgotten-flows.js';
import { backendsOf, type Engine } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const passiveCheck = { attempts: 10, failures: '50%', within: '3s', ejectFor: '5m' };
/** The backends are three: ten new connections a second for each, enough where the machine is busy with others as well. */
const REQUESTS_PER_SECOND = 30;

/** Methods by which answers do not pass the node, each on a VIP of its own; nobody is probed. */
const direct = {
  'ipip, ipv4': { vip: '198.51.100.101', method: 'ipip', family: 'ipv4' },
  'gue, ipv6': { vip: '2001:db8:100::102', method: 'gue', family: 'ipv6' },
  'gre, ipv4 over ipv6, rr': { vip: '198.51.100.103', method: 'gre', family: 'ipv6', scheduler: 'rr' },
  'dr, ipv6': { vip: '2001:db8:100::104', method: 'dr', family: 'ipv6' },
} as const;
const soon = { vip: '198.51.100.105', method: 'ipip', family: 'ipv4', ejectFor: '8s' } as const;

const translating = {
  'nat, ipv4': { vip: '198.51.100.101', method: 'nat', family: 'ipv4' },
  'nat, ipv6': { vip: '2001:db8:100::102', method: 'nat', family: 'ipv6' },
  'fullnat, ipv4': { vip: '198.51.100.103', method: 'fullnat', family: 'ipv4' },
  'fullnat, ipv6': { vip: '2001:db8:100::104', method: 'fullnat', family: 'ipv6' },
} as const;

interface Case {
  readonly vip: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly ejectFor?: string;
}

function servicesOf(cases: Readonly<Record<string, Case>>, { backends }: StandardCluster): ServiceDocument[] {
  return Object.entries(cases).map(([name, { family, ejectFor = passiveCheck.ejectFor, ...keys }]) => ({
    name,
    port: 80,
    ...keys,
    passiveCheck: { ...passiveCheck, ejectFor },
    backends: backendsOf(backends, family),
  }));
}

/** What becomes of backends that do not answer the connections of clients, on a node with this engine. */
export function passiveHealthSuite(engine: Engine): void {
  const nodeOptions = { engine, dataplane: { maxServices: 32, tableRows: 251 } } as const;

  testAsRoot('a backend that answers no SYN is left out by that alone, and the others stay', async (t) => {
    const cases = { ...direct, soon };
    const cluster = standardCluster({ nodes: 1, backends: 3 });
    await using weir = await WeirCluster.start({
      cluster,
      services: () => servicesOf(cases, cluster),
      nodeOptions,
    });
    const loads = loadsOf(weir, cases);
    const nft = (...words: readonly string[]) => weir.lab.host('backend1').output('/usr/sbin/nft', words);
    await nft('add', 'table', 'inet', 'silent');
    await nft('add', 'chain', 'inet', 'silent', 'in', '{ type filter hook input priority 0; }');
    const out = Object.keys(cases).map((name) => says(weir, `backend backend1 of ${name} is left out for `));
    // It comes back when its time is over, and is out for longer when nothing has changed.
    const outAgain = says(weir, 'backend backend1 of soon is left out for 16 s: ');
    await nft('add', 'rule', 'inet', 'silent', 'in', 'tcp dport 80 tcp flags syn drop');
    for (const line of await Promise.all(out)) {
      t.regex(line, /for (300|8) s: \d+ of \d+ connections in 3 s were not answered \(SYN sent again\)/);
    }
    for (const { vip } of Object.values(direct)) await isServedBy(t, weir, vip, ['backend2', 'backend3']);

    await outAgain;
    await nft('delete', 'table', 'inet', 'silent');
    await isServedBy(t, weir, soon.vip, ['backend1', 'backend2', 'backend3']);
    for (const load of loads) await load.stop();
    t.deepEqual(othersLeftOut(weir), []);
    const health = (await weir.nodes[0]?.counters())?.health?.backends ?? [];
    t.like(
      health.find(({ service, backend }) => service === 'dr, ipv6' && backend === 'backend1'),
      { verdict: 'down' },
    );
  });

  testAsRoot('nat and fullnat: a backend that refuses connections is left out by that alone', async (t) => {
    await using weir = await WeirCluster.start({
      cluster: twoArmCluster({ nodes: 1, backends: 3 }),
      decap: undefined,
      services: (cluster) => servicesOf({ ...translating }, cluster),
      nodeOptions,
    });
    const loads = loadsOf(weir, translating);
    const names = Object.keys(translating);
    const refused = names.map((name) => says(weir, `backend backend1 of ${name} is left out for 300 s: `));
    await stopNginx(weir, 'backend1');
    for (const line of await Promise.all(refused)) {
      t.regex(line, /\d+ of \d+ connections in 3 s were refused \(RST\)/);
    }
    for (const load of loads) await load.stop();
    await waitForForgotten(weir, 'backend1');
    for (const { vip } of Object.values(translating)) await isServedBy(t, weir, vip, ['backend2', 'backend3']);
    t.deepEqual(othersLeftOut(weir), []);
    await startNginx(weir.lab.host('backend1'));
  });
}

function loadsOf(weir: WeirCluster, cases: Readonly<Record<string, Case>>): readonly HttpLoad[] {
  return Object.values(cases).map(({ vip }) =>
    weir.load({ url: weir.url(vip), requestsPerSecond: REQUESTS_PER_SECOND, timeoutMs: 3000 }),
  );
}

/** Resolves with the line when the only node says so from now on. */
async function says({ nodes: [node] }: WeirCluster, text: string): Promise<string> {
  if (node === undefined) throw new Error('the cluster has a node');
  const pattern = new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return node.process.waitForLine(pattern, { timeoutMs: 60_000, after: node.process.lines.length });
}

function othersLeftOut({ nodes: [node] }: WeirCluster): readonly string[] {
  return node?.process.lines.filter((line) => /backend backend[23] of .* is left out/.test(line)) ?? [];
}

/** New connections end up at these backends, none fails. */
async function isServedBy(t: ExecutionContext, weir: WeirCluster, vip: string, backends: readonly string[]) {
  const url = weir.url(vip);
  await waitUntil(
    `${backends.join()} to serve`,
    async () => {
      const result = await weir.request({ url, requestsPerSecond: 100, requests: 30 });
      return (result.failed === 0 && Object.keys(result.backends).sort().join() === backends.join()) || undefined;
    },
    { timeoutMs: 60_000 },
  );
  const result = await weir.request({ url, requestsPerSecond: 100, requests: 60 });
  t.deepEqual([result.errors, Object.keys(result.backends).sort()], [{}, backends]);
}

async function stopNginx({ lab }: WeirCluster, backend: string): Promise<void> {
  const host = lab.host(backend);
  const own = join(host.directory, `${backend}-nginx`);
  await host.output('nginx', ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf'), '-s', 'stop']);
}
