import assert from 'node:assert';
import { closeSync, existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  attachXdp,
  BpfObject,
  MappedArray,
  macAddressOf,
  openPinned,
  pin,
  possibleCpus,
  preparePinDirectory,
  type TestRun,
  type TestRunOptions,
  unpin,
  type XdpAttachment,
  type XdpModeWanted,
} from '@weir/dataplane';
import { type Encapsulation, encapsulations } from './advertised-mss.js';
import { AgentError } from './agent-error.js';
import type { Note } from './host-changes.js';
import { addressOfMapped, mappedAddress, type Network, networkKey } from './network.js';

const OBJECT_PATH = fileURLToPath(new URL('../obj/decap.bpf.o', import.meta.url));

/** struct settings of bpf/decap.bpf.c. */
const Settings = { enabled: 0, guePort: 4, fouPort: 6, secondChancePort: 8 } as const;
/** struct counters: 64 of 8 bytes. */
const COUNTERS_BYTES = 512;
/** struct agent_record. */
const RECORD_BYTES = 1 << 17;
/** struct unresolved_hop of bpf/lib/next_hop.h; the address is IPv6 or ::ffff:a.b.c.d. */
const Unresolved = { bytes: 24, address: 0, ifindex: 16 } as const;
const UNRESOLVED_HOPS = 64;

/**
 * In the order of `enum counter`: packets taken out, by encapsulation and inner family; those that were left alone
 * because they are for no VIP of this host; then why others were dropped. Of packets with a list of hops: why this host
 * took them, how many it sent on, and why it did neither.
 */
export const counterNames = [
  'ipip_ipv4',
  'ipip_ipv6',
  'gre_ipv4',
  'gre_ipv6',
  'gue_ipv4',
  'gue_ipv6',
  'fou_ipv4',
  'fou_ipv6',
  'second_chance_ipv4',
  'second_chance_ipv6',
  'not_a_vip',
  'truncated',
  'malformed_outer',
  'malformed_gre',
  'malformed_gue',
  'malformed_fou',
  'outer_fragment',
  'ecn_conflict',
  'accepted_syn',
  'accepted_established',
  'accepted_syn_cookie',
  'accepted_icmp',
  'accepted_udp_connected',
  'accepted_udp',
  'accepted_fragment',
  'accepted_other',
  'accepted_last_hop',
  'accepted_next_hop_is_self',
  'redirected',
  'not_a_peer',
  'unknown_hop_type',
  'malformed_hops',
  'hop_loop',
  'hop_not_a_peer',
  'hop_no_route',
  'hop_no_neighbour',
  'hop_ttl',
] as const;
export type DecapsulationCounts = Readonly<Record<(typeof counterNames)[number], number>>;

export interface DecapsulationOptions {
  /** Addresses that inner packets may be for. */
  readonly vips: readonly string[];
  /** None: packets come with no outer headers (dr), and the program is not attached. */
  readonly enabled: readonly Encapsulation[];
  /** UDP ports, for those of the two that are enabled. */
  readonly guePort: number;
  readonly fouPort: number;
  readonly secondChancePort: number;
  /** Nodes and fellow backends: who may send lists of hops, and be named in them. At most 1024. */
  readonly peers: readonly Network[];
}

/** A next hop that a packet could not go to: the kernel had no MAC address for it. */
export interface UnresolvedHop {
  readonly address: string;
  readonly ifindex: number;
}

/** The decapsulating program, loaded; attached by {@link attach}. */
export class Decapsulation implements Disposable {
  readonly #object = new BpfObject(OBJECT_PATH);
  readonly #hasWork: boolean;
  readonly #counters: MappedArray;
  readonly #record: MappedArray;
  readonly #unresolved: MappedArray;
  #ownAddresses: ReadonlySet<string> = new Set();

  constructor({ vips, enabled, guePort, fouPort, secondChancePort, peers }: DecapsulationOptions) {
    this.#hasWork = enabled.length > 0;
    const constants = this.#object.constants();
    const bits = enabled.reduce((sum, name) => sum | (1 << encapsulations.indexOf(name)), 0);
    constants.setUint32(Settings.enabled, bits, true);
    constants.setUint16(Settings.guePort, guePort);
    constants.setUint16(Settings.fouPort, fouPort);
    constants.setUint16(Settings.secondChancePort, secondChancePort);
    this.#object.resizeMap('counters', possibleCpus());
    this.#object.load();
    for (const vip of vips) this.#object.updateElement('vips', mappedAddress(vip), new Uint8Array(4));
    for (const peer of peers) this.#object.updateElement('peers', networkKey(peer), new Uint8Array(4));
    this.#counters = countersOf(this.#object.mapFd('counters'));
    this.#unresolved = new MappedArray(
      this.#object.mapFd('unresolved_hops'),
      'unresolved_hops',
      Unresolved.bytes,
      UNRESOLVED_HOPS,
    );
    this.#record = recordOf(this.#object.mapFd('agent_record'));
  }

  /**
   * Attaches to an interface, in place of a former life's program where there is one; all stays after this process.
   * What a former life noted is taken over, and another interface that it served is let go. Where nothing is enabled
   * packets pay for no program: only the note and the counters are pinned, and the answer is undefined.
   * @throws {DataplaneError} BPF_FILESYSTEM, INTERFACE_MISSING, XDP_BUSY, XDP_ATTACH_REFUSED
   */
  attach(interfaceName: string, mode: XdpModeWanted, pinDirectory: string): XdpAttachment | undefined {
    preparePinDirectory(pinDirectory);
    const links = join(pinDirectory, 'links');
    mkdirSync(links, { recursive: true });
    const mac = new Uint8Array(8);
    mac.set(macAddressOf(interfaceName));
    this.#object.updateElement('interface', new Uint8Array(4), mac);
    const attachment = this.#hasWork
      ? attachXdp(this.#object.programFd('decap'), interfaceName, mode, join(links, interfaceName))
      : undefined;
    for (const name of readdirSync(links)) {
      if (name !== attachment?.interface) unpin(join(links, name));
    }
    pin(this.#object.mapFd('counters'), join(pinDirectory, 'counters'));
    const former = openPinned(join(pinDirectory, 'record'));
    if (former !== undefined) {
      using note = recordOf(former);
      closeSync(former);
      new Uint8Array(this.#record.buffer).set(new Uint8Array(note.buffer));
    }
    pin(this.#object.mapFd('agent_record'), join(pinDirectory, 'record'));
    return attachment;
  }

  /** What was noted last, also by a former life; empty at first. */
  get note(): string {
    return readNote(this.#record);
  }

  /** Pinned with the counters: it outlives this process until {@link detachDecapsulation}. */
  set note(text: string) {
    writeNote(this.#record, text);
  }

  /** Says which addresses this host has; a next hop among them is no reason to send a packet on. At most 4096. */
  setOwnAddresses(addresses: readonly string[]): void {
    const wanted = new Set(addresses);
    for (const address of this.#ownAddresses) {
      if (!wanted.has(address)) this.#object.deleteElement('own_addresses', mappedAddress(address));
    }
    for (const address of wanted) {
      if (!this.#ownAddresses.has(address)) {
        this.#object.updateElement('own_addresses', mappedAddress(address), new Uint8Array(4));
      }
    }
    this.#ownAddresses = wanted;
  }

  counts(): DecapsulationCounts {
    return sumOf(this.#counters);
  }

  /** Next hops that packets could not go to since the last call. */
  takeUnresolvedHops(): readonly UnresolvedHop[] {
    const hops: UnresolvedHop[] = [];
    const view = new DataView(this.#unresolved.buffer);
    for (let offset = 0; offset < view.byteLength; offset += Unresolved.bytes) {
      const ifindex = view.getUint32(offset + Unresolved.ifindex, true);
      if (ifindex === 0) continue;
      const address = new Uint8Array(view.buffer, offset + Unresolved.address, 16).slice();
      view.setUint32(offset + Unresolved.ifindex, 0, true);
      hops.push({ address: addressOfMapped(address), ifindex });
    }
    return hops;
  }

  /** Runs the program on a frame as if it had arrived. */
  testRun(frame: Uint8Array, options: TestRunOptions = {}): TestRun {
    return this.#object.testRun('decap', frame, options);
  }

  [Symbol.dispose](): void {
    this.#counters[Symbol.dispose]();
    this.#record[Symbol.dispose]();
    this.#unresolved[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

/** Lets go of the interfaces, and forgets the counters and the note. */
export function detachDecapsulation(pinDirectory: string): void {
  const links = join(pinDirectory, 'links');
  if (existsSync(links)) for (const name of readdirSync(links)) unpin(join(links, name));
  unpin(join(pinDirectory, 'counters'));
  unpin(join(pinDirectory, 'record'));
  for (const directory of [links, pinDirectory]) {
    try {
      rmdirSync(directory);
    } catch {
      return; // somebody else's pins are in it
    }
  }
}

/** What an agent noted that has ended and left things in place; undefined when there is no such note. */
export class LeftNote implements Note, Disposable {
  readonly #record: MappedArray;

  static open(pinDirectory: string): LeftNote | undefined {
    const fd = openPinned(join(pinDirectory, 'record'));
    if (fd === undefined) return undefined;
    try {
      return new LeftNote(recordOf(fd));
    } finally {
      closeSync(fd);
    }
  }

  private constructor(record: MappedArray) {
    this.#record = record;
  }

  get note(): string {
    return readNote(this.#record);
  }

  set note(text: string) {
    writeNote(this.#record, text);
  }

  [Symbol.dispose](): void {
    this.#record[Symbol.dispose]();
  }
}

/**
 * Counters of an agent, also of one that has ended and left its program in place.
 * @throws {AgentError} NOT_RUNNING
 */
export function readDecapsulationCounts(pinDirectory: string): DecapsulationCounts {
  const fd = openPinned(join(pinDirectory, 'counters'));
  if (fd === undefined) {
    throw new AgentError(
      'NOT_RUNNING',
      `nothing is pinned in ${pinDirectory}; is the agent running, with this --pin-directory?`,
    );
  }
  using counters = countersOf(fd);
  closeSync(fd);
  return sumOf(counters);
}

function countersOf(fd: number): MappedArray {
  return new MappedArray(fd, 'counters', COUNTERS_BYTES, possibleCpus());
}

function recordOf(fd: number): MappedArray {
  return new MappedArray(fd, 'agent_record', RECORD_BYTES, 1);
}

function readNote({ buffer }: MappedArray): string {
  const bytes = Buffer.from(buffer);
  return bytes.toString('utf8', 0, bytes.indexOf(0));
}

function writeNote({ buffer }: MappedArray, text: string): void {
  const bytes = Buffer.from(`${text}\0`);
  assert(bytes.byteLength <= RECORD_BYTES, 'a note of the agent is longer than its map');
  new Uint8Array(buffer).set(bytes);
}

function sumOf({ buffer }: MappedArray): DecapsulationCounts {
  const words = new BigUint64Array(buffer);
  const entries = counterNames.map((name, i) => {
    let sum = 0n;
    for (let word = i; word < words.length; word += COUNTERS_BYTES / 8) sum += words[word] as bigint;
    return [name, Number(sum)] as const;
  });
  return Object.fromEntries(entries) as DecapsulationCounts;
}
