import { TCP_BYTES_MIN } from '@weir/packet';

const DATA_OFFSET = 12;
const OptionKind = { end: 0, noOperation: 1 } as const;

export interface TcpOption {
  readonly kind: number;
  /** From the TCP header on. */
  readonly at: number;
  /** Kind and length included. */
  readonly bytes: number;
}

/**
 * The options of a segment but for the padding, up to the end of options or to what is none (RFC 9293, section 3.1): a
 * length below 2, or one that passes the data offset.
 *
 * @param tcp  from its header to the end of the frame
 */
export function tcpOptions(tcp: Uint8Array): readonly TcpOption[] {
  const header = tcp.subarray(0, ((tcp[DATA_OFFSET] as number) >> 4) * 4);
  const options: TcpOption[] = [];
  let at = TCP_BYTES_MIN;
  while (at < header.byteLength) {
    const kind = header[at] as number;
    if (kind === OptionKind.end) break;
    if (kind === OptionKind.noOperation) {
      at++;
      continue;
    }
    const bytes = header[at + 1];
    if (bytes === undefined || bytes < 2 || at + bytes > header.byteLength) break;
    options.push({ kind, at, bytes });
    at += bytes;
  }
  return options;
}
