import { randomInt } from 'node:crypto';
import {
  addressToBytes,
  canonicalAddress,
  encodeTcp,
  familyOf,
  maximumSegmentSizeOption,
  setTcpChecksum,
  TcpFlag,
  tcpBytes,
} from '@weir/packet';
import type { Ask, Close } from './attempt.js';
import type { ProbeTarget } from './health-check.js';
import { reserveLocalEnd, type SocketEnd } from './local-end.js';
import { type SynAnswer, synAnswers4, synAnswers6 } from './syn-answers.js';

/** As of a host with a common MTU; backends log connections without the option as odd. */
const MAXIMUM_SEGMENT_BYTES = 1460;
const WINDOW_BYTES = 65_535;
const SYN_ACK = TcpFlag.syn | TcpFlag.ack;

/**
 * Sends a SYN. A SYN-ACK is well, and a RST ends what began: the kernel sends one, since it knows nothing of it, and where
 * the target has a mark, which the kernel's lacks, so does this.
 */
export const askSyn: Ask<unknown> = (_probe, target, settle) => {
  const exchange = familyOf(target.address) === 4 ? synAnswers4 : synAnswers6;
  const local = reserveLocalEnd(target, target.mark);
  const sequence = randomInt(2 ** 32);
  const afterSyn = (sequence + 1) >>> 0;
  const options = maximumSegmentSizeOption(MAXIMUM_SEGMENT_BYTES);
  const send = (header: Segment) => exchange.send(encodeSegment(local, target, header), target);
  const take = ({ source, segment }: SynAnswer) => {
    const isMine = source === canonicalAddress(target.address) && segment.sourcePort === target.port;
    if (!isMine || segment.acknowledgment !== afterSyn) return;
    if ((segment.flags & TcpFlag.rst) !== 0) {
      settle(false, 'connection refused');
    } else if ((segment.flags & SYN_ACK) === SYN_ACK) {
      if (target.mark !== undefined) send({ sequence: afterSyn, flags: TcpFlag.rst });
      settle(true, 'SYN-ACK');
    }
  };
  let forget: Close | undefined;
  const close = () => {
    forget?.();
    local[Symbol.dispose]();
  };
  try {
    forget = exchange.expect(local.port, take);
    send({ sequence, flags: TcpFlag.syn, options });
  } catch (error) {
    close();
    throw error;
  }
  return close;
};

interface Segment {
  readonly sequence: number;
  readonly flags: number;
  readonly options?: Uint8Array;
}

function encodeSegment(local: SocketEnd, target: ProbeTarget, segment: Segment): Uint8Array {
  const header = {
    sourcePort: local.port,
    destinationPort: target.port,
    acknowledgment: 0,
    window: WINDOW_BYTES,
    checksum: 0,
    urgentPointer: 0,
    options: new Uint8Array(),
    ...segment,
  };
  const bytes = new Uint8Array(tcpBytes(header));
  encodeTcp(header, bytes);
  setTcpChecksum(bytes, 0, addressToBytes(local.address), addressToBytes(target.address));
  return bytes;
}
