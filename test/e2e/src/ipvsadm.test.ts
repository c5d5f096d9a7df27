import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WeirCluster } from '@weir/lab';
import test from 'ava';
import { testAsRoot } from './test-as-root.js';

const WEIRCTL = fileURLToPath(import.meta.resolve('@weir/weirctl/bin/weirctl.js'));

let weir: WeirCluster;

test.before(async () => {
  if (process.getuid?.() === 0) weir = await WeirCluster.start({ nodes: 1, backends: 2 });
});
test.after.always(async () => weir?.[Symbol.asyncDispose]());

/** Runs `weirctl ipvsadm` on the node. @returns its standard output */
async function ipvsadm(line: string): Promise<string> {
  const node = weir.nodes[0];
  if (node === undefined) throw new Error('there is no node');
  const socket = join(dirname(node.configFile), node.host.name, 'admin.sock');
  const command = `WEIR_ADDRESS=unix:${socket} "${process.execPath}" "${WEIRCTL}" ipvsadm ${line}`;
  return node.host.output('bash', ['-o', 'pipefail', '-c', command]);
}

const service = () => `-t ${weir.cluster.vip.ipv4}:80`;
const servers = () => weir.cluster.backends.map(({ ipv4 }) => `-r ${ipv4}:80`);
const requests = () => weir.request({ url: weir.url(weir.cluster.vip.ipv4), requestsPerSecond: 100, requests: 40 });

/** ActiveConn and InActConn of a list with the numbers of servers. */
function connectionsOf(list: string): number[] {
  return list.split('\n').flatMap((line) => {
    const [, active, inactive] = /^ {2}-> \S+ +Tunnel +\d+ +(\d+) +(\d+) *$/.exec(line) ?? [];
    return active === undefined ? [] : [Number(active) + Number(inactive)];
  });
}

testAsRoot(
  'a service that ipvsadm deletes is withdrawn, and one that it makes carries traffic as its scheduler says',
  async (t) => {
    await ipvsadm(`-D ${service()}`);
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 0);
    await ipvsadm(`-A ${service()} -s rr`);
    t.regex(await ipvsadm('-L -n'), new RegExp(`^TCP  ${weir.cluster.vip.ipv4}:80 rr$`, 'm'));
    t.is(await weir.routesTo(weir.cluster.vip.ipv4), 0, 'it has no real server yet');

    for (const server of servers()) await ipvsadm(`-a ${service()} ${server} -i`);
    await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);
    const result = await requests();
    t.deepEqual([result.failed, Object.values(result.backends)], [0, [20, 20]]);
    t.deepEqual(connectionsOf(await ipvsadm(`-L -n ${service()}`)), [20, 20]);
    const connections = await ipvsadm('-L -n -c');
    const entries = connections
      .split('\n')
      .filter((line) => line.includes(` n/a                ${weir.cluster.vip.ipv4}:80 `));
    t.is(entries.length, 40);
  },
);

testAsRoot('a server of weight 0 gets no more connections, and one that is deleted is gone', async (t) => {
  const [first = '', second = ''] = servers();
  await ipvsadm(`-e ${service()} ${first} -i -w 0`);
  t.deepEqual((await requests()).backends, { backend2: 40 });
  await ipvsadm(`-e ${service()} ${first} -i -w 1`);
  await ipvsadm(`-d ${service()} ${second}`);
  t.deepEqual((await requests()).backends, { backend1: 40 });
});

testAsRoot('counters, rates and timeouts are those of the node, and -Z counts anew', async (t) => {
  const packets = async () => {
    const list = await ipvsadm(`-L -n --stats --exact ${service()}`);
    return Number(/^TCP +\S+ +\d+ +(\d+)/m.exec(list)?.[1]);
  };
  const before = await packets();
  t.true(before > 40, `${before}`);
  await ipvsadm(`-Z ${service()}`);
  t.is(await packets(), 0);
  await requests();
  t.true((await packets()) > 40);
  t.regex(await ipvsadm('-L -n --rate'), /^ {2}-> \S+:80 +\d+ +\d+ +0 +\d+ +0$/m);
  t.regex(await ipvsadm('-L --timeout'), /^Timeout \(tcp tcpfin udp\): 900 120 300/);
});

testAsRoot('what -S printed, -R makes again after -C', async (t) => {
  const rules = await ipvsadm('-S -n');
  await ipvsadm('-C');
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 0);
  t.is((await ipvsadm('-S -n')).trim(), '');
  await ipvsadm(`-R <<'END'\n${rules}\nEND`);
  await weir.waitForRoutes(weir.cluster.vip.ipv4, 1);
  t.is(await ipvsadm('-S -n'), rules);
  t.is((await requests()).failed, 0);
});

testAsRoot('timeouts are set, and 0 leaves one as it is', async (t) => {
  const timeouts = () => ipvsadm('-L --timeout');
  const [, , fin] = /: (\d+) (\d+) (\d+)$/m.exec(await timeouts()) ?? [];
  await ipvsadm('--set 1000 0 50');
  t.is(await timeouts(), `Timeout (tcp tcpfin udp): 1000 ${fin} 50\n`);
});
