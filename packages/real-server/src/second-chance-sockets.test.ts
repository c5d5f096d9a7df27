import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { GUE_HOPS_UDP_PORT } from '@weir/packet';
import test from 'ava';
import { counterNames, Decapsulation } from './decapsulation.js';
import { asAck, listed4, members4 } from './fixture/hop-frames.js';
import { makePrivateHost, peer, scapy, sh, until } from './fixture/private-host.js';
import { bytesOf, inner4, inner6 } from './fixture/tunnel-frames.js';
import { type Network, parseNetwork } from './network.js';

const isRoot = process.getuid?.() === 0;
const testAsRoot = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: BPF programs and network namespaces need root\n');

/** The ends of the fixture's inner packets; both are on this host, which thus has a real socket of the flow. */
const families = [
  { family: 'IPv4', protocol: '04', client: '192.0.2.10', vip: '198.51.100.10', packet: inner4() },
  { family: 'IPv6', protocol: '29', client: '2001:db8:c::10', vip: '2001:db8:100::10', packet: inner6() },
] as const;
const CLIENT_PORT = 0x04d2;
const SERVER_PORT = 80;

let program: Decapsulation;
test.before(() => {
  if (!isRoot) return;
  makePrivateHost();
  sh('sysctl -q -w net.ipv4.conf.lo.forwarding=1 net.ipv6.conf.lo.forwarding=1');
  sh('ip neigh add 10.0.0.22 lladdr 02:00:00:00:00:22 dev eth0');
  for (const { client, vip } of families) {
    for (const address of [client, vip]) sh(`ip address add ${address} dev lo${address.includes(':') ? ' nodad' : ''}`);
  }
  peer('ip route add 198.51.100.10 via 10.0.0.21');
  peer('ip -6 route add 2001:db8:100::10 via fd00::21');
  program = new Decapsulation({
    vips: families.map(({ vip }) => vip),
    enabled: ['second_chance'],
    guePort: 6080,
    fouPort: 5555,
    secondChancePort: GUE_HOPS_UDP_PORT,
    peers: [parseNetwork('10.0.0.0/24') as Network],
  });
});
test.after.always(() => program?.[Symbol.dispose]());

/** Why the packet was taken, or `redirected`, or why not. */
function judged(inner: string, protocol: '04' | '29'): string {
  const before = program.counts();
  program.testRun(bytesOf(listed4(inner, { protocol, hops: [members4[0]] })));
  const after = program.counts();
  return counterNames.filter((name) => after[name] !== before[name] && !name.startsWith('second_chance')).join(' ');
}

async function listen(vip: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true });
  await once(server.listen(SERVER_PORT, vip), 'listening');
  return server;
}

/** A connection of the fixture's flow; its far end first. */
async function establish(
  server: Server,
  client: string,
  vip: string,
  localPort = CLIENT_PORT,
): Promise<readonly [Socket, Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const socket = connect({ host: vip, port: SERVER_PORT, localAddress: client, localPort });
  await once(socket, 'connect');
  return [(await accepted)[0], socket];
}

const closed = (...sockets: readonly { once(event: 'close', done: () => void): unknown }[]) =>
  Promise.all(sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', resolve))));

const SYN_ACK = '5012';
const RST = '5004';
const withFlags = (inner: string, flags: string) => inner.replace('50022000', `${flags}2000`);

for (const { family, protocol, client, vip, packet } of families) {
  testAsRoot(`${family}: nothing listens: a SYN is taken, and any other packet is sent on`, (t) => {
    t.is(judged(packet, protocol), 'accepted_syn');
    for (const flags of ['5010', '5011', '5018', SYN_ACK, RST]) {
      t.is(judged(withFlags(packet, flags), protocol), 'redirected', flags);
    }
  });

  testAsRoot(`${family}: a listening socket knows no connection; an established one knows its own`, async (t) => {
    const server = await listen(vip);
    t.is(judged(asAck(packet), protocol), 'redirected');
    const [accepted, socket] = await establish(server, client, vip);
    t.is(judged(asAck(packet), protocol), 'accepted_established');
    t.is(judged(withFlags(packet, RST), protocol), 'accepted_established');
    // Another port of the same client.
    t.is(judged(asAck(packet).replace('04d20050', '04d30050'), protocol), 'redirected');
    const all = closed(accepted, socket, server);
    accepted.resetAndDestroy();
    server.close();
    socket.on('error', () => {}).resume();
    await all;
    t.is(judged(asAck(packet), protocol), 'redirected');
  });

  testAsRoot(`${family}: a server that closed first knows its connection in TIME_WAIT`, async (t) => {
    // Of its own: nobody connects by this port for a minute.
    const port = 1236;
    const server = await listen(vip);
    const [accepted, socket] = await establish(server, client, vip, port);
    const all = closed(accepted, socket, server);
    accepted.resume().end();
    server.close();
    await once(socket.resume(), 'end');
    socket.end();
    await all;
    await until(() => sh(`ss -Htan state time-wait dport = :${port}`) !== '');
    t.is(judged(asAck(packet).replace('04d2', port.toString(16).padStart(4, '0')), protocol), 'accepted_established');
  });
}

/**
 * A client's SYN that arrives as packets of clients do, and, in hexadecimal, what may follow the server's SYN+ACK: the ACK; one
 * that acknowledges something else; ICMP errors about the SYN+ACK that quote it whole and as little as RFC 792 asks for.
 */
const HANDSHAKE = `
import json, select
from scapy.all import Ether, IP, IPv6, TCP, ICMP, ICMPv6DestUnreach, Raw, conf, get_if_hwaddr, raw
link = conf.L2socket(iface='eth0')
client, vip = CLIENT, VIP
ip, version = (IPv6, 6) if ':' in vip else (IP, 4)
link.send(Ether(dst='HOST_MAC', src=get_if_hwaddr('eth0')) / ip(src=client, dst=vip) / TCP(sport=PORT, dport=80, flags='S', seq=1000))
while select.select([link], [], [], 5)[0]:
    answer = link.recv()
    if answer is not None and TCP in answer and answer[TCP].flags == 'SA' and answer[TCP].dport == PORT: break
else:
    raise SystemExit('no SYN+ACK')
synack = answer[ip]
ack = lambda number: ip(src=client, dst=vip) / TCP(sport=PORT, dport=80, flags='A', seq=1001, ack=number)
header = 40 if version == 6 else 20
def error(quoted):
    if version == 6: return IPv6(src='2001:db8:f::1', dst=vip) / ICMPv6DestUnreach(code=0) / Raw(quoted)
    return IP(src='203.0.113.1', dst=vip) / ICMP(type=3, code=1) / Raw(quoted)
packets = {
    'ack': ack(synack[TCP].seq + 1),
    'forged': ack(synack[TCP].seq + 12345),
    'wholeQuote': error(raw(synack)),
    'shortQuote': error(raw(synack)[:header + 8]),
}
print(json.dumps({name: raw(packet).hex() for name, packet in packets.items()}))
`;

interface Handshake {
  readonly ack: string;
  readonly forged: string;
  readonly wholeQuote: string;
  readonly shortQuote: string;
}

async function shakeHands(vip: string, client: string, port: number): Promise<Handshake> {
  const script = HANDSHAKE.replace('CLIENT', `'${client}'`).replace('VIP', `'${vip}'`).replaceAll('PORT', String(port));
  return JSON.parse(await scapy(script)) as Handshake;
}

for (const { family, protocol, vip, client: known } of families) {
  const client = known.replace(/10$/, '77');

  testAsRoot(
    `${family}: a half-open connection is known, also to an ICMP error that quotes 8 bytes of it`,
    async (t) => {
      sh('sysctl -q -w net.ipv4.tcp_syncookies=0');
      const server = await listen(vip);
      const { ack, wholeQuote, shortQuote } = await shakeHands(vip, client, 4001);
      t.is(judged(ack, protocol), 'accepted_established');
      t.is(judged(wholeQuote, protocol), 'accepted_icmp');
      t.is(judged(shortQuote, protocol), 'accepted_icmp');
      t.is(judged(shortQuote.replace('0fa1', '0fa2'), protocol), 'redirected', 'about another connection');
      server.close();
      await once(server, 'close');
    },
  );

  testAsRoot(`${family}: the number of a SYN cookie is known where it was given, and no other`, async (t) => {
    sh('sysctl -q -w net.ipv4.tcp_syncookies=2');
    const server = await listen(vip);
    const { ack, forged, wholeQuote, shortQuote } = await shakeHands(vip, client, 4002);
    t.is(judged(ack, protocol), 'accepted_syn_cookie');
    t.is(judged(forged, protocol), 'redirected');
    t.is(judged(wholeQuote, protocol), 'accepted_icmp');
    t.is(judged(shortQuote, protocol), 'redirected', 'too little is quoted to tell');
    server.close();
    await once(server, 'close');
    t.is(judged(ack, protocol), 'redirected', 'nobody listens any more');
  });
}

/** Inner UDP of the fixture's ends, from port 1234 to `port`; with an extension header of IPv6 in between. */
function datagram(family: 'IPv4' | 'IPv6', port: number): string {
  // Destination options of 16 bytes: padding.
  const options = '1101010c000000000000000000000000';
  const udp = `04d2${port.toString(16).padStart(4, '0')}00080000`;
  return family === 'IPv4'
    ? `4500001c000000003f110000c000020ac633640a${udp}`
    : `6000000000183c3f20010db8000c0000000000000000001020010db8010000000000000000000010${options}${udp}`;
}

for (const { family, protocol, client, vip } of families) {
  testAsRoot(
    `${family}: UDP is known by a connected socket, stays with any other, and goes on where is none`,
    async (t) => {
      t.is(judged(datagram(family, 53), protocol), 'redirected');
      const server = createSocket(family === 'IPv4' ? 'udp4' : 'udp6').bind(53, vip);
      await once(server, 'listening');
      t.is(judged(datagram(family, 53), protocol), 'accepted_udp');
      server.connect(CLIENT_PORT, client);
      await once(server, 'connect');
      t.is(judged(datagram(family, 53), protocol), 'accepted_udp_connected');
      t.is(judged(datagram(family, 54), protocol), 'redirected');
      t.is(judged(datagram(family, 53).replace('04d2', '04d3'), protocol), 'redirected', "another client's");
      server.close();
      await once(server, 'close');
    },
  );
}

/** A fragment of a packet of TCP from the fixture's client to its VIP: the first, with ports, or a later one. */
function fragment(family: 'IPv4' | 'IPv6', identification: string, isFirst: boolean): string {
  const payload = isFirst ? asAck(inner4()).slice(40) : 'aabbccddeeff0011';
  if (family === 'IPv4')
    return `45000100${identification}${isFirst ? '2000' : '0003'}3f060000c000020ac633640a${payload}`;
  const header = `0600${isFirst ? '0001' : '0018'}0000${identification}`;
  return `6000000000202c3f20010db8000c0000000000000000001020010db8010000000000000000000010${header}${payload}`;
}

for (const { family, protocol, client, vip } of families) {
  testAsRoot(`${family}: later fragments go where their first one went, and those without stay`, async (t) => {
    t.is(judged(fragment(family, '0001', false), protocol), 'accepted_fragment');
    t.is(judged(fragment(family, '0002', true), protocol), 'redirected');
    t.is(judged(fragment(family, '0002', false), protocol), 'redirected');
    t.is(judged(fragment(family, '0003', false), protocol), 'accepted_fragment');
    const server = await listen(vip);
    const [accepted, socket] = await establish(server, client, vip);
    t.is(judged(fragment(family, '0004', true), protocol), 'accepted_established');
    t.is(judged(fragment(family, '0004', false), protocol), 'accepted_fragment');
    const all = closed(accepted, socket, server);
    accepted.resetAndDestroy();
    server.close();
    socket.on('error', () => {}).resume();
    await all;
  });
}

testAsRoot('what has neither ports nor an error in it stays with the first choice', (t) => {
  const echo = '4500001c000000003f010000c000020ac633640a0800f7ff00000000';
  const sctp = '45000020000000003f840000c000020ac633640a04d200500000000000000000';
  t.deepEqual([judged(echo, '04'), judged(sctp, '04')], ['accepted_other', 'accepted_other']);
});
