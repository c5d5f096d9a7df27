import { ETHERNET_BYTES } from '@weir/packet';
import { DataplaneError } from './dataplane-error.js';

/** What a page holds with the room that the kernel wants around it (BPF_PROG_TEST_RUN of XDP programs). */
const FRAME_BYTES_MAX = 3264;

/** @throws {DataplaneError} TRACE_REFUSED */
export function checkTracedFrame({ byteLength }: Uint8Array): void {
  if (byteLength >= ETHERNET_BYTES && byteLength <= FRAME_BYTES_MAX) return;
  throw new DataplaneError(
    'TRACE_REFUSED',
    `a frame of ${byteLength} bytes can't be traced; it has ${ETHERNET_BYTES} to ${FRAME_BYTES_MAX} bytes, Ethernet header included`,
    { details: { byteLength } },
  );
}
