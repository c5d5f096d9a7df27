import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { IcmpType, IPV4_BYTES_MIN, IpProtocol, setIcmpChecksum } from '@weir/packet';
import test, { type ExecutionContext } from 'ava';
import type * as RawSocket from 'raw-socket';
import { ip, isRoot, serialInPrivateNetwork } from './test-support/private-network.js';
import { probeOnce } from './test-support/probe-once.js';

const call = serialInPrivateNetwork(test);
const icmp = { kind: 'icmp' } as const;

for (const address of ['127.0.0.1', '::1']) {
  call(`a host that answers echoes at ${address} is well`, async (t) => {
    t.deepEqual(await probeOnce(icmp, { address, port: 0 }), { isWell: true, reason: 'echo reply' });
  });

  call(`of many echoes at once to ${address} each finds its own reply`, async (t) => {
    const all = await Promise.all(Array.from({ length: 200 }, () => probeOnce(icmp, { address, port: 0 })));
    t.true(all.every(({ isWell }) => isWell));
  });
}

for (const address of ['192.0.2.1', '2001:db8::1']) {
  call(`without a route to ${address} the reason says so`, async (t) => {
    const { isWell, reason } = await probeOnce(icmp, { address, port: 0 });
    t.false(isWell);
    t.regex(reason, /network is unreachable/i);
  });
}

call('a host that drops echoes is down with how long it was waited for', async (t) => {
  ip('link add probing type veth peer name silent');
  ip('link set probing up');
  ip('link set silent up');
  ip('addr add 10.77.0.1/24 dev probing');
  ip('neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev probing');
  const found = await probeOnce(icmp, { address: '10.77.0.2', port: 0 }, 100);
  t.deepEqual(found, { isWell: false, reason: 'no answer within 100 ms' });
});

/** Keeps the kernel from answering echoes; each request gets the reply that `forge` makes of it, from 127.0.0.1. */
function answerEchoes(t: ExecutionContext, forge: (reply: Buffer) => void): void {
  const ignoreAll = '/proc/sys/net/ipv4/icmp_echo_ignore_all';
  writeFileSync(ignoreAll, '1');
  const { createSocket, AddressFamily } = createRequire(import.meta.url)('raw-socket') as typeof RawSocket;
  const socket = createSocket({ addressFamily: AddressFamily.IPv4, protocol: IpProtocol.icmp });
  socket.on('message', (packet) => {
    const message = Buffer.from(packet.subarray(IPV4_BYTES_MIN));
    if (message[0] !== IcmpType.echoRequest) return;
    message[0] = IcmpType.echoReply;
    forge(message);
    setIcmpChecksum(message, 0);
    socket.wrap.send(message, 0, message.byteLength, '127.0.0.1', () => {});
  });
  t.teardown(() => {
    socket.close();
    writeFileSync(ignoreAll, '0');
  });
}

const findsForged = test.macro(
  async (t, address: string, forge: (reply: Buffer) => void, isWell: boolean, reason: string) => {
    answerEchoes(t, forge);
    t.deepEqual(await probeOnce(icmp, { address, port: 0 }, isWell ? undefined : 300), { isWell, reason });
  },
);
const silence = 'no answer within 300 ms';
const callForged = isRoot ? test.serial : test.serial.skip;

callForged('a reply that is just as the request is well', findsForged, '127.0.0.1', () => {}, true, 'echo reply');
callForged(
  'a reply with the contents of another one, though its numbers are right, is not taken',
  findsForged,
  '127.0.0.1',
  (reply) => reply.writeUInt8((reply.at(-1) as number) ^ 1, reply.byteLength - 1),
  false,
  silence,
);
callForged(
  'a reply with another identifier is not taken',
  findsForged,
  '127.0.0.1',
  (reply) => reply.writeUInt16BE(reply.readUInt16BE(4) ^ 1, 4),
  false,
  silence,
);
callForged('a reply from another address is not taken', findsForged, '127.0.0.5', () => {}, false, silence);
