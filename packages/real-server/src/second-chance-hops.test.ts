import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import test from 'ava';
import { asAck, listed4, listed6, members4, members6 } from './fixture/hop-frames.js';
import { makePrivateHost, peer, scapy, sh, until } from './fixture/private-host.js';
import { inTime, MAIN, spawnAgent } from './fixture/spawn-agent.js';
import { inner4 } from './fixture/tunnel-frames.js';

const PINS = '/sys/fs/bpf/agent';
const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs and network namespaces need root\n');

test.before(() => {
  if (isRoot) makePrivateHost();
});

const setting = (family: string, name: string) => `/proc/sys/net/${family}/conf/${name}`;
const read = (family: string, name: string) => readFileSync(setting(family, name), 'utf8').trim();

/** Starts the agent; ends it when the answer is disposed. */
async function startAgent() {
  const args = ['--interface', 'eth0', '--vip', '198.51.100.10', '--decap', 'second_chance', '--pin-directory', PINS];
  const peers = ['--peer', '10.0.0.0/24', '--peer', 'fd00::/64'];
  const agent = spawnAgent([...args, ...peers]);
  const ended = once(agent, 'exit');
  const ready = new Promise<void>((resolve, reject) => {
    createInterface({ input: agent.stdout }).on('line', (line) => line.includes('"msg":"ready"') && resolve());
    agent.once('exit', () => reject(new Error('the agent ended before it was ready')));
  });
  await inTime('the agent to be ready', ready);
  return {
    async [Symbol.asyncDispose]() {
      agent.kill('SIGTERM');
      await inTime('the end of the agent', ended);
    },
  };
}

const counted = (name: string) =>
  Number(
    new RegExp(`^${name} +(\\d+)$`, 'm').exec(
      execFileSync(process.execPath, [MAIN, 'counters', '--pin-directory', PINS], { encoding: 'utf8' }),
    )?.[1],
  );

testAsRoot(
  'hops get routes without the host becoming a router or forgetting the one that advertises itself',
  async (t) => {
    writeFileSync(setting('ipv6', 'eth0/accept_ra'), '1');
    await scapy(`
from scapy.all import Ether, IPv6, ICMPv6ND_RA, conf, get_if_hwaddr
own = get_if_hwaddr('eth0')
conf.L2socket(iface='eth0').send(Ether(dst='HOST_MAC', src=own) / IPv6(src='fe80::1', dst='ff02::1', hlim=255) / ICMPv6ND_RA(routerlifetime=1800))
`);
    const learned = () => sh('ip -6 route show default proto ra');
    await until(() => learned() !== '');
    {
      await using _agent = await startAgent();
      t.deepEqual([read('ipv4', 'lo/forwarding'), read('ipv6', 'lo/forwarding')], ['1', '1']);
      for (const name of ['all', 'default', 'eth0']) {
        t.deepEqual([name, read('ipv4', `${name}/forwarding`), read('ipv6', `${name}/forwarding`)], [name, '0', '0']);
      }
      t.regex(learned(), /default via fe80::1 dev eth0/);
      t.is(read('ipv6', 'eth0/accept_ra'), '1');
    }
    t.deepEqual([read('ipv4', 'lo/forwarding'), read('ipv6', 'lo/forwarding')], ['0', '0']);
    t.regex(learned(), /default via fe80::1 dev eth0/);
  },
);

testAsRoot('a next hop whose MAC address nobody has asked for is found by the packets for it', async (t) => {
  await using _agent = await startAgent();
  peer('ip address add 10.0.0.22/24 dev eth0');
  peer('ip address add fd00::22/64 dev eth0 nodad');
  const frames = [
    listed4(asAck(inner4()), { hops: [members4[0]] }),
    listed6(asAck(inner4()), { hops: [members6[0] as string] }),
  ];
  const send = (frame: string) =>
    scapy(`
from scapy.all import Ether, conf
conf.L2socket(iface='eth0').send(Ether(bytes.fromhex('HOST_MAC'.replace(':', '') + '${frame.slice(12)}')))
`);
  for (const [i, frame] of frames.entries()) {
    const hop = ['10.0.0.22', 'fd00::22'][i];
    t.is(sh(`ip neigh show ${hop}`), '');
    await send(frame);
    await until(() => sh(`ip neigh show ${hop}`).includes('lladdr'));
    t.is(counted('redirected'), i);
    await send(frame);
    await until(() => counted('redirected') === i + 1);
  }
});

testAsRoot('an address that the host gets while the agent runs is known as its own', async (t) => {
  await using _agent = await startAgent();
  const frame = listed4(asAck(inner4()), { hops: ['0a000063'] });
  sh('ip address add 10.0.0.99/32 dev lo');
  const seen = () => counted('accepted_next_hop_is_self') + counted('hop_no_route');
  // The first ones may be faster than the agent.
  for (let sent = 0; sent < 20 && counted('accepted_next_hop_is_self') === 0; sent++) {
    const before = seen();
    await scapy(`
from scapy.all import Ether, conf
conf.L2socket(iface='eth0').send(Ether(bytes.fromhex('HOST_MAC'.replace(':', '') + '${frame.slice(12)}')))
`);
    await until(() => seen() > before);
  }
  sh('ip address del 10.0.0.99/32 dev lo');
  t.true(counted('accepted_next_hop_is_self') > 0);
});
