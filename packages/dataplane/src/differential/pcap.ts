/** Magic number of microsecond timestamps, and LINKTYPE_ETHERNET: draft-ietf-opsawg-pcap, sections 4 and 8. */
const MAGIC = 0xa1b2c3d4;
const LINKTYPE_ETHERNET = 1;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const SNAP_BYTES = 0x40000;

/** A frame, and when it was seen, in ms. */
export interface CapturedFrame {
  readonly atMs: number;
  readonly frame: Uint8Array;
}

/** A capture file that Wireshark and tcpdump open. */
export function encodePcap(frames: readonly CapturedFrame[]): Uint8Array {
  const total = frames.reduce((bytes, { frame }) => bytes + RECORD_HEADER_BYTES + frame.byteLength, FILE_HEADER_BYTES);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  view.setUint32(0, MAGIC);
  view.setUint16(4, 2);
  view.setUint16(6, 4);
  view.setUint32(16, SNAP_BYTES);
  view.setUint32(20, LINKTYPE_ETHERNET);
  let at = FILE_HEADER_BYTES;
  for (const { atMs, frame } of frames) {
    view.setUint32(at, Math.floor(atMs / 1000));
    view.setUint32(at + 4, (atMs % 1000) * 1000);
    view.setUint32(at + 8, frame.byteLength);
    view.setUint32(at + 12, frame.byteLength);
    file.set(frame, at + RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + frame.byteLength;
  }
  return file;
}
