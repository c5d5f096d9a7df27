import koffi from 'koffi';
import { BenchError } from '../bench-error.js';

/** struct bpf_test_run_opts of libbpf 1.1, by byte offset. */
const RunOptions = {
  bytes: 80,
  size: 0,
  dataIn: 8,
  dataInBytes: 24,
  contextIn: 32,
  contextInBytes: 48,
  repeat: 60,
  durationNs: 64,
  flags: 68,
} as const;
/** linux/bpf.h */
const BPF_F_TEST_XDP_LIVE_FRAMES = 2;
/** struct xdp_md of linux/bpf.h. */
const XdpContext = { bytes: 24, dataEnd: 4, ingressIfindex: 12 } as const;

/**
 * Makes frames as if an interface had received them, and does with each what the program says: with XDP_TX the interface
 * sends it. A program sees a frame as it was when it last left the program.
 *
 * @returns mean time of a frame, in ns
 * @throws {BenchError} BENCH_SYSTEM_CALL_FAILED
 * @see Documentation/bpf/bpf_prog_run.rst of Linux
 */
export function sendLiveFrames(programFd: number, frame: Uint8Array, frames: number, ifindex: number): number {
  const run = koffi.load('libbpf.so.1').func('int bpf_prog_test_run_opts(int program, void *options)');
  const options = Buffer.alloc(RunOptions.bytes);
  const context = Buffer.alloc(XdpContext.bytes);
  options.writeBigUInt64LE(BigInt(RunOptions.bytes), RunOptions.size);
  options.writeBigUInt64LE(BigInt(koffi.address(frame)), RunOptions.dataIn);
  options.writeUInt32LE(frame.byteLength, RunOptions.dataInBytes);
  options.writeInt32LE(frames, RunOptions.repeat);
  options.writeUInt32LE(BPF_F_TEST_XDP_LIVE_FRAMES, RunOptions.flags);
  context.writeUInt32LE(frame.byteLength, XdpContext.dataEnd);
  context.writeUInt32LE(ifindex, XdpContext.ingressIfindex);
  options.writeBigUInt64LE(BigInt(koffi.address(context)), RunOptions.contextIn);
  options.writeUInt32LE(context.byteLength, RunOptions.contextInBytes);
  const result = run(programFd, options) as number;
  if (result < 0) {
    throw new BenchError(
      'BENCH_SYSTEM_CALL_FAILED',
      `expected BPF_PROG_TEST_RUN to send ${frames} live frames (Linux 5.18 and later do); found errno ${-result}`,
    );
  }
  return options.readUInt32LE(RunOptions.durationNs);
}
