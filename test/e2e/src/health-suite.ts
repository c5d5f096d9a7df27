import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type HttpResult,
  type ServiceDocument,
  type StandardCluster,
  startNginx,
  WeirCluster,
  waitUntil,
} from '@weir/lab';
import test, { type ExecutionContext } from 'ava';
import { backendsOf, type Engine } from './forwarding-cases.js';
import { testAsRoot } from './test-as-root.js';

const often = { interval: '1s', fastInterval: '200ms', timeout: '1s', rise: 2, fall: 3 };
const http = { kind: 'http', ...often };

/** Services whose backends are asked by the way of traffic, each on a VIP of its own. */
const asked = {
  'ipip, ipv4': { vip: '198.51.100.101', method: 'ipip', family: 'ipv4', healthCheck: http, slowStart: '40s' },
  'gue, ipv6': { vip: '2001:db8:100::102', method: 'gue', family: 'ipv6', healthCheck: http },
  'gre, ipv4 over ipv6': { vip: '198.51.100.103', method: 'gre', family: 'ipv6', healthCheck: http },
  'dr, ipv4': { vip: '198.51.100.104', method: 'dr', family: 'ipv4', healthCheck: { kind: 'tcp', ...often } },
} as const;
const askedNames = Object.keys(asked) as (keyof typeof asked)[];

/** Services whose backends are well while a file is there: see {@link set}. */
const told = {
  alone: { vip: '198.51.100.111' },
  few: { vip: '198.51.100.112', minHealthy: '60%' },
  sorry: { vip: '198.51.100.113' },
  flapping: { vip: '198.51.100.114', damping: { changes: 2, within: '60s', hold: '60s' } },
  restarted: { vip: '198.51.100.115' },
} as const;
type Told = keyof typeof told;

/** What becomes of traffic when backends stop to serve, on a node with this engine. */
export function healthSuite(engine: Engine): void {
  let weir: WeirCluster;
  const directory = mkdtempSync(join(tmpdir(), 'weir-health-'));
  const fileOf = (service: string, address: string) => join(directory, `${service} ${address}`);

  test.before(async () => {
    if (process.getuid?.() !== 0) return;
    weir = await WeirCluster.start({
      nodes: 1,
      backends: 3,
      services: (cluster) => [...askedServices(cluster), ...toldServices(cluster)],
      nodeOptions: { engine, dataplane: { maxServices: 32, tableRows: 251 } },
    });
  });
  test.after.always(async () => {
    await weir?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  function toldServices({ backends }: StandardCluster): ServiceDocument[] {
    const command = ['/bin/sh', '-c', `test -e "${directory}/$WEIR_SERVICE $WEIR_BACKEND_ADDRESS"`];
    const [, , last] = backends;
    return Object.entries(told).map(([name, { vip, ...more }]) => {
      const { damping, ...keys } = { damping: 'off', ...more };
      const own = name === 'sorry' ? backends.slice(0, 2) : backends;
      for (const { ipv4 } of own) writeFileSync(fileOf(name, ipv4), '');
      return {
        name,
        vip,
        port: 80,
        ...keys,
        healthCheck: { kind: 'script', command, ...often, damping },
        backends: backendsOf(own, 'ipv4'),
        ...(name === 'sorry' && last !== undefined ? { fallback: { name: last.name, address: last.ipv4 } } : {}),
      };
    });
  }

  /** Lets backends of a service, by number, be well or not, and resolves when the node has it in force. */
  async function set(service: Told, numbers: readonly number[], isWell: boolean): Promise<void> {
    const changes = numbers.map((number) =>
      says(`backend backend${number} of ${service} is ${isWell ? 'up' : 'down'}`),
    );
    for (const number of numbers) {
      const file = fileOf(service, weir.cluster.backends[number - 1]?.ipv4 ?? '');
      if (isWell) writeFileSync(file, '');
      else rmSync(file);
    }
    await Promise.all(changes);
  }

  /** Resolves with the line when the node says so from now on. */
  function says(text: string): Promise<string> {
    const { process } = node();
    const after = process.lines.length;
    return process.waitForLine(new RegExp(text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')), {
      timeoutMs: 20_000,
      after,
    });
  }

  /** Resolves when tables have followed what was said last. */
  async function settled(vip: string): Promise<void> {
    await waitUntil('tables that follow', async () => {
      const { process } = node();
      const lines = process.lines;
      const changed = lines.findLastIndex((line) => line.includes('"msg":"tables changed"'));
      const said = lines.findLastIndex((line) => /is (up|down)\b/.test(line));
      return changed > said || undefined;
    });
    await weir.request({ url: weir.url(vip), requestsPerSecond: 100, requests: 1 });
  }

  function node() {
    const [only] = weir.nodes;
    if (only === undefined) throw new Error('the cluster has a node');
    return only;
  }

  const requests = (vip: string, count = 60): Promise<HttpResult> =>
    weir.request({ url: weir.url(vip), requestsPerSecond: 100, requests: count });

  async function isServedBy(t: ExecutionContext, vip: string, backends: readonly string[]): Promise<void> {
    const result = await requests(vip);
    t.deepEqual([result.errors, Object.keys(result.backends).sort()], [{}, backends]);
  }

  async function stopNginx(backend: string): Promise<void> {
    const host = weir.lab.host(backend);
    const own = join(host.directory, `${backend}-nginx`);
    await host.output('nginx', ['-p', own, '-e', 'stderr', '-c', join(own, 'nginx.conf'), '-s', 'stop']);
  }

  testAsRoot('a backend whose server stops gets no new connections, and fewer at first when it is back', async (t) => {
    const down = askedNames.map((name) => says(`backend backend1 of ${name} is down: connection refused`));
    await stopNginx('backend1');
    await Promise.all(down);
    for (const name of askedNames) {
      await settled(asked[name].vip);
      await isServedBy(t, asked[name].vip, ['backend2', 'backend3']);
    }
    const up = askedNames.map((name) => says(`backend backend1 of ${name} is up`));
    await startNginx(weir.lab.host('backend1'));
    await up[0];
    const slow = asked['ipip, ipv4'].vip;
    await settled(slow);
    const first = await requests(slow, 150);
    await Promise.all(up);
    for (const name of askedNames) {
      await waitUntil(`backend1 in the tables of ${name}`, async () =>
        'backend1' in (await requests(asked[name].vip, 20)).backends ? true : undefined,
      );
    }
    const share = ({ backends: { backend1 = 0 }, requests: all }: HttpResult) => backend1 / all;
    const later = await waitUntil(
      'the whole share of backend1, a third',
      async () => {
        const result = await requests(slow, 100);
        return share(result) > 0.25 ? result : undefined;
      },
      { timeoutMs: 120_000 },
    );
    t.true(share(first) < 0.2, `${share(first)} at first, ${share(later)} later`);
    t.deepEqual([first.errors, later.errors], [{}, {}]);
  });

  for (const name of askedNames) {
    testAsRoot(`${name}: a backend that lost its VIP is found by the way of traffic`, async (t) => {
      const { vip, family } = asked[name];
      const host = weir.lab.host('backend2');
      const prefix = `${vip}/${vip.includes(':') ? 128 : 32}`;
      const down = says(`backend backend2 of ${name} is down: `);
      await host.output('ip', ['address', 'delete', prefix, 'dev', 'lo']);
      await down;
      await settled(vip);
      await isServedBy(t, vip, ['backend1', 'backend3']);
      const own = host.address(family);
      const page = await node().host.output('curl', ['-gsS', weir.url(own)]);
      t.regex(page, /"backend":"backend2"/, 'it answers at its own address');
      const up = says(`backend backend2 of ${name} is up`);
      await host.output('ip', ['address', 'add', prefix, 'dev', 'lo']);
      await up;
    });
  }

  testAsRoot('a VIP without a healthy backend is withdrawn, and announced again when there is one', async (t) => {
    const { vip } = told.alone;
    await set('alone', [1, 2, 3], false);
    await weir.waitForRoutes(vip, 0);
    await set('alone', [2], true);
    await weir.waitForRoutes(vip, 1);
    await isServedBy(t, vip, ['backend2']);
  });

  testAsRoot('with too few healthy backends all are used, and with enough of them the healthy ones', async (t) => {
    const { vip } = told.few;
    await set('few', [1], false);
    await settled(vip);
    await isServedBy(t, vip, ['backend2', 'backend3']);
    const all = says('service few: 1 of 3 backends healthy, fewer than minHealthy; all of them are used');
    await set('few', [2], false);
    await all;
    await settled(vip);
    await isServedBy(t, vip, ['backend1', 'backend2', 'backend3']);
    await set('few', [2], true);
    await settled(vip);
    await isServedBy(t, vip, ['backend2', 'backend3']);
  });

  testAsRoot('the fallback serves while nobody else does, and no longer', async (t) => {
    const { vip } = told.sorry;
    await isServedBy(t, vip, ['backend1', 'backend2']);
    const fallback = says('service sorry: 0 of 2 backends healthy; the fallback takes new flows');
    await set('sorry', [1, 2], false);
    await fallback;
    await settled(vip);
    await isServedBy(t, vip, ['backend3']);
    t.is(await weir.routesTo(vip), 1);
    await set('sorry', [1], true);
    await settled(vip);
    await isServedBy(t, vip, ['backend1']);
  });

  testAsRoot('a backend that changes too often is held down however well it answers', async (t) => {
    await set('flapping', [1], false);
    await set('flapping', [1], true);
    await set('flapping', [1], false);
    await set('flapping', [1], true);
    const held = says('backend backend1 of flapping is down and held there, it changes too often: ');
    await set('flapping', [1], false);
    await held;
    writeFileSync(fileOf('flapping', weir.cluster.backends[0]?.ipv4 ?? ''), '');
    const health = async () =>
      (await node().counters()).health?.backends.find(
        ({ service, backend }) => service === 'flapping' && backend === 'backend1',
      );
    const before = (await health())?.goodProbes ?? 0;
    const later = await waitUntil('good probes', async () => {
      const now = await health();
      return now !== undefined && now.goodProbes > before + 3 ? now : undefined;
    });
    t.like(later, { verdict: 'down', isHeld: true });
  });

  // With the portable engine no tables outlive the daemon: a new one forwards to all until it knows better.
  if (engine === 'portable') return;
  testAsRoot('a node that starts again brings no new connections to a backend that is down', async (t) => {
    const { vip } = told.restarted;
    await set('restarted', [3], false);
    await settled(vip);
    const running = weir.load({ url: weir.url(vip), requestsPerSecond: 50 });
    t.teardown(() => running.stop());
    await running.nextResult();
    await node().process.stop('SIGKILL');
    await node().start();
    await running.nextResults(50);
    const { backends, errors } = running.take();
    t.deepEqual([errors, Object.keys(backends).sort()], [{}, ['backend1', 'backend2']]);
  });
}

function askedServices({ backends }: StandardCluster): ServiceDocument[] {
  return Object.entries(asked).map(([name, { family, ...keys }]) => ({
    name,
    port: 80,
    ...keys,
    backends: backendsOf(backends, family),
  }));
}
