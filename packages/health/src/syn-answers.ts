import { canonicalAddress, decodeTcp, IpProtocol, type TcpHeader } from '@weir/packet';
import type { Socket } from 'raw-socket';
import { addressOf } from './libc.js';
import { SOL_SOCKET } from './marked-socket.js';
import { RawExchange } from './raw-exchange.js';

/** What came back for a SYN: a segment with SYN or RST. */
export interface SynAnswer {
  readonly source: string;
  readonly segment: TcpHeader;
}

const SO_ATTACH_FILTER = 26;
const FLAGS_OFFSET = 13;

/** Instructions of classic BPF (<linux/bpf_common.h>), as `{ code, jt, jf, k }` of struct sock_filter. */
type Instruction = readonly [code: number, jumpTrue: number, jumpFalse: number, k: number];
/** X becomes the length of the IPv4 header, or 0: IPv6 raw sockets see no IP header. */
const headerLengthToX = { 4: [0xb1, 0, 0, 0], 6: [0x01, 0, 0, 0] } as const satisfies Record<4 | 6, Instruction>;
const flagsToA: Instruction = [0x50, 0, 0, FLAGS_OFFSET];
const SYN_OR_RST = 0x06;

/** A raw socket sees all TCP of this host; this leaves but segments with SYN or RST, the begins and ends of connections. */
function filter(family: 4 | 6): readonly Instruction[] {
  return [headerLengthToX[family], flagsToA, [0x45, 0, 1, SYN_OR_RST], [0x06, 0, 0, 0xffff], [0x06, 0, 0, 0]];
}

/** Answers of IPv4 by the local port that they come to. */
export const synAnswers4 = exchange(4);
/** Answers of IPv6, likewise. */
export const synAnswers6 = exchange(6);

function exchange(family: 4 | 6): RawExchange<SynAnswer> {
  return new RawExchange({
    family,
    protocol: IpProtocol.tcp,
    prepare: (socket) => attach(socket, filter(family)),
    read: (packet, source) => {
      const decoded = decodeTcp(packet, family === 4 ? ((packet[0] ?? 0) & 0x0f) * 4 : 0);
      if (!decoded.ok) return undefined;
      const segment = decoded.header;
      return { key: segment.destinationPort, answer: { source: canonicalAddress(source), segment } };
    },
  });
}

/** struct sock_fprog of <linux/filter.h>: 16 bit count, and at 8 a pointer to so many instructions of 8 bytes. */
function attach(socket: Socket, instructions: readonly Instruction[]): void {
  const code = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([op, jumpTrue, jumpFalse, k], i) => {
    code.writeUInt16LE(op, i * 8);
    code.writeUInt8(jumpTrue, i * 8 + 2);
    code.writeUInt8(jumpFalse, i * 8 + 3);
    code.writeUInt32LE(k, i * 8 + 4);
  });
  const program = Buffer.alloc(16);
  program.writeUInt16LE(instructions.length);
  program.writeBigUInt64LE(addressOf(code), 8);
  socket.setOption(SOL_SOCKET, SO_ATTACH_FILTER, program, program.byteLength);
}
