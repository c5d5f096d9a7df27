import { existsSync } from 'node:fs';
import { DataplaneError } from '../dataplane-error.js';
import { addressOf, checked, Errno, errnoName, native, type Pointer, viewOf } from './native.js';

/** Room for the verifier's log, in bytes; what does not fit is cut at the front by the kernel (BPF_LOG_FIXED is off). */
const VERIFIER_LOG_BYTES = 1 << 20;
const VERIFIER_LINES_SHOWN = 12;

/** struct bpf_object_open_opts of libbpf 1.1, by byte offset. */
const OpenOptions = { bytes: 80, size: 0, kernelLogBuffer: 56, kernelLogBytes: 64 } as const;
/** struct bpf_test_run_opts of libbpf 1.1, by byte offset. */
const RunOptions = {
  bytes: 80,
  size: 0,
  dataIn: 8,
  dataOut: 16,
  dataInBytes: 24,
  dataOutBytes: 28,
  contextIn: 32,
  contextInBytes: 48,
  result: 56,
  repeat: 60,
  durationNs: 64,
  flags: 68,
  batch: 76,
} as const;
/** BPF_F_TEST_XDP_LIVE_FRAMES of linux/bpf.h: what the program says is done. */
const LIVE_FRAMES = 2;
/** TEST_XDP_MAX_BATCH of net/bpf/test_run.c. */
const LIVE_BATCH_MAX = 256;

/** struct bpf_prog_info of linux/bpf.h. */
const ProgramInfo = { bytes: 232, verifiedInstructions: 216 } as const;

/** struct xdp_md of linux/bpf.h. */
const XdpContext = { bytes: 24, dataEnd: 4, ingressIfindex: 12 } as const;
/** Most that a program may add to a packet here: the headroom of a test run. */
const OUT_ROOM_BYTES = 256;

export interface TestRunOptions {
  /** Times that the program runs, each on what the run before left. Default 1. */
  readonly repeat?: number;
  /** The packet goes where the program sends it: out, or up into the kernel. `packet` and `result` mean nothing then. */
  readonly live?: boolean;
  /** Interface that the packet seems to have arrived on; default the loopback of this network namespace. */
  readonly ingressIfindex?: number;
}

/** What one BPF_PROG_TEST_RUN gave. */
export interface TestRun {
  /** The program's return value: an XDP action, for instance. */
  readonly result: number;
  /** The packet as the program left it. */
  readonly packet: Uint8Array;
  /** Mean over the repetitions, in ns. */
  readonly durationNs: number;
}

/**
 * An object file of BPF programs, first opened (maps may be sized, constants set, pinned maps reused), then loaded.
 * Owns the file descriptors of its programs and maps until disposed; what is pinned or attached lives on.
 */
export class BpfObject implements Disposable {
  readonly #object: Pointer;
  readonly #path: string;
  readonly #log = Buffer.alloc(VERIFIER_LOG_BYTES);
  #closed = false;

  /**
   * @param path  an ELF object made by clang's BPF target
   * @throws {DataplaneError} BPF_OBJECT_MISSING, BPF_LOAD_REFUSED, BPF_LIBRARY_MISSING
   */
  constructor(path: string) {
    if (!existsSync(path)) {
      throw new DataplaneError('BPF_OBJECT_MISSING', `${path} does not exist; run "npm run build"`, {
        details: { path },
      });
    }
    const options = Buffer.alloc(OpenOptions.bytes);
    options.writeBigUInt64LE(BigInt(OpenOptions.bytes), OpenOptions.size);
    options.writeBigUInt64LE(addressOf(this.#log), OpenOptions.kernelLogBuffer);
    options.writeBigUInt64LE(BigInt(this.#log.byteLength), OpenOptions.kernelLogBytes);
    const object = native().openObject(path, options) as Pointer | null;
    if (object === null) {
      throw new DataplaneError('BPF_LOAD_REFUSED', `libbpf can't read ${path}; is it a BPF object?`, {
        details: { path },
      });
    }
    this.#object = object;
    this.#path = path;
  }

  /** Sets the number of elements of a map; before {@link load} only. */
  resizeMap(name: string, entries: number): void {
    checked(native().setMaxEntries(this.#map(name), entries), `sizing map ${name}`, { map: name, entries });
  }

  /** Uses a map that exists in place of a new one; before {@link load} only. Duplicates `fd`. */
  reuseMap(name: string, fd: number): void {
    checked(native().reuseFd(this.#map(name), fd), `reusing map ${name}`, { map: name });
  }

  /** Leaves a program out; before {@link load} only. */
  skipProgram(name: string): void {
    checked(native().setAutoload(this.#program(name), false), `leaving out program ${name}`);
  }

  /** The constants of the program, writable until {@link load}. @param section  where they are */
  constants(section = '.rodata'): DataView {
    const bytes = [0];
    const start = native().initialValue(this.#map(section), bytes) as Pointer;
    return new DataView(viewOf(start, bytes[0] as number));
  }

  /**
   * Hands programs and maps to the kernel.
   * @throws {DataplaneError} BPF_LOAD_REFUSED with the last lines of the verifier, BPF_NOT_PERMITTED
   */
  load(): void {
    this.#checkLoaded(native().loadObject(this.#object) as number);
  }

  /** The same in another thread: the verifier takes its time, and this one has other work. */
  async loadInBackground(): Promise<void> {
    const result = await new Promise<number>((resolve, reject) => {
      native().loadObject.async(this.#object, (error: unknown, value: number) =>
        error ? reject(error) : resolve(value),
      );
    });
    this.#checkLoaded(result);
  }

  #checkLoaded(result: number): void {
    if (result >= 0) return;
    if (-result === Errno.EPERM) checked(result, `loading ${this.#path}`);
    const log = this.verifierLog();
    const shown = log.length > 0 ? `; the verifier's last lines:\n${log.slice(-VERIFIER_LINES_SHOWN).join('\n')}` : '';
    throw new DataplaneError('BPF_LOAD_REFUSED', `the kernel refuses ${this.#path}: ${errnoName(-result)}${shown}`, {
      details: { path: this.#path, errno: errnoName(-result), verifier: log },
    });
  }

  /** Lines that the verifier wrote about the last program that it refused. */
  verifierLog(): string[] {
    const end = this.#log.indexOf(0);
    return this.#log
      .toString('latin1', 0, end < 0 ? this.#log.length : end)
      .split('\n')
      .filter((line) => line !== '');
  }

  /** Borrowed: valid until this object is disposed. */
  mapFd(name: string): number {
    return checked(native().mapFd(this.#map(name)), `map ${name} has no descriptor; load first`);
  }

  /** Borrowed: valid until this object is disposed. */
  programFd(name: string): number {
    return checked(native().programFd(this.#program(name)), `program ${name} has no descriptor; load first`);
  }

  /** Instructions that the verifier went through to accept a program; once loaded. */
  verifiedInstructions(name: string): number {
    const info = Buffer.alloc(ProgramInfo.bytes);
    checked(native().getInfo(this.programFd(name), info, [info.byteLength]), `reading program ${name}`);
    return info.readUInt32LE(ProgramInfo.verifiedInstructions);
  }

  /** Stores a value of a map that is not mapped into memory; key and value as the map's definition has them. */
  updateElement(name: string, key: Uint8Array, value: Uint8Array): void {
    checked(native().updateElement(this.mapFd(name), key, value, 0), `storing into map ${name}`, { map: name });
  }

  /** A copy of what is stored under a key that is there. */
  lookupElement(name: string, key: Uint8Array, valueBytes: number): Buffer {
    const value = Buffer.alloc(valueBytes);
    checked(native().lookupElement(this.mapFd(name), key, value), `reading map ${name}`, { map: name });
    return value;
  }

  /** Removes all that is stored in a hash map. */
  emptyMap(name: string, keyBytes: number): void {
    const fd = this.mapFd(name);
    const key = Buffer.alloc(keyBytes);
    while ((native().nextKey(fd, null, key) as number) === 0) this.deleteElement(name, key);
  }

  /** Removes what is stored under a key that is there. */
  deleteElement(name: string, key: Uint8Array): void {
    checked(native().deleteElement(this.mapFd(name), key), `removing from map ${name}`, { map: name });
  }

  /**
   * Runs a program on a packet, with BPF_PROG_TEST_RUN: maps change, nothing is sent. A repeated run sees the packet
   * as the run before left it.
   * @param packet  from the Ethernet header on, at least 14 bytes; empty for programs of type syscall
   */
  testRun(name: string, packet: Uint8Array, options: TestRunOptions = {}): TestRun {
    return testRun(this.programFd(name), packet, options);
  }

  #program(name: string): Pointer {
    const program = native().findProgram(this.#object, name) as Pointer | null;
    if (program === null) throw new DataplaneError('BPF_LOAD_REFUSED', `${this.#path} has no program "${name}"`);
    return program;
  }

  #map(name: string): Pointer {
    const map = native().findMap(this.#object, name) as Pointer | null;
    if (map === null) throw new DataplaneError('BPF_LOAD_REFUSED', `${this.#path} has no map "${name}"`);
    return map;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    native().closeObject(this.#object);
  }
}

export function testRun(
  programFd: number,
  packet: Uint8Array,
  { repeat = 1, ingressIfindex, live = false }: TestRunOptions,
): TestRun {
  const options = Buffer.alloc(RunOptions.bytes);
  const out = Buffer.alloc(packet.byteLength + OUT_ROOM_BYTES);
  const context = Buffer.alloc(XdpContext.bytes);
  options.writeBigUInt64LE(BigInt(RunOptions.bytes), RunOptions.size);
  if (packet.byteLength > 0) {
    options.writeBigUInt64LE(addressOf(packet), RunOptions.dataIn);
    options.writeUInt32LE(packet.byteLength, RunOptions.dataInBytes);
    if (live) {
      options.writeUInt32LE(LIVE_FRAMES, RunOptions.flags);
      options.writeUInt32LE(Math.min(repeat, LIVE_BATCH_MAX), RunOptions.batch);
    }
    if (!live) options.writeBigUInt64LE(addressOf(out), RunOptions.dataOut);
    options.writeUInt32LE(live ? 0 : out.byteLength, RunOptions.dataOutBytes);
    options.writeInt32LE(repeat, RunOptions.repeat);
  }
  if (ingressIfindex !== undefined) {
    context.writeUInt32LE(packet.byteLength, XdpContext.dataEnd);
    context.writeUInt32LE(ingressIfindex, XdpContext.ingressIfindex);
    options.writeBigUInt64LE(addressOf(context), RunOptions.contextIn);
    options.writeUInt32LE(context.byteLength, RunOptions.contextInBytes);
  }
  checked(native().testRun(programFd, options), 'BPF_PROG_TEST_RUN');
  return {
    result: options.readUInt32LE(RunOptions.result),
    packet: out.subarray(0, packet.byteLength > 0 && !live ? options.readUInt32LE(RunOptions.dataOutBytes) : 0),
    durationNs: options.readUInt32LE(RunOptions.durationNs),
  };
}
