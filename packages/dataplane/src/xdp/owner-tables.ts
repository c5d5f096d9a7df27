import type { ForwardingTables } from '../dataplane.js';
import { NODES_MAX } from '../owners.js';
import { type Answerer, answerersOf } from '../owners-service.js';
import { KeyTable } from './key-table.js';
import { Answerer as AnswererKey, Answers, Peer } from './layout.js';
import { protocolNumbers, vipWords } from './service-directory.js';
import type { Peer as NodeSlot } from './table-writer.js';

/** What the program knows of owners beside their service: bpf/lib/owner.h. */
export class OwnerTables {
  readonly #peers: KeyTable;
  readonly #answerers: KeyTable;

  /** @param mapFd  of `peers` and `answerers`; borrowed */
  constructor(mapFd: (name: 'peers' | 'answerers') => number, answerersMax: number) {
    this.#peers = new KeyTable(mapFd('peers'), Peer.bytes, NODES_MAX, 'nodes');
    this.#answerers = new KeyTable(mapFd('answerers'), AnswererKey.bytes, answerersMax, 'ends of nat');
  }

  /** @throws {DataplaneError} TABLES_TOO_LARGE */
  setAnswerers(tables: ForwardingTables): void {
    const { owners, sharing } = tables;
    const entries = new Map<string, number>();
    const add = (key: Buffer, answers: number) => {
      const text = key.toString('latin1');
      entries.set(text, (entries.get(text) ?? 0) | answers);
    };
    if (owners !== undefined || sharing !== undefined) {
      for (const answerer of answerersOf(tables, 'nat')) add(answererKey(answerer), Answers.nat);
    }
    if (sharing !== undefined) {
      for (const answerer of answerersOf(tables, 'fullnat')) add(answererKey(answerer), Answers.fullnat);
      for (const address of sharing.localAddresses) add(addressKey(address), Answers.to);
    }
    this.#answerers.set([...entries].map(([key, answers]) => [Buffer.from(key, 'latin1'), answers]));
  }

  setPeers(peers: readonly NodeSlot[]): void {
    this.#peers.set(peers.map(([address, slot]) => [peerKey(address), slot]));
  }
}

function peerKey(address: string): Uint8Array {
  const key = Buffer.alloc(Peer.bytes);
  writeAddress(key, Peer.address, address);
  return key;
}

/** Of an address that answers are to. */
function addressKey(address: string): Buffer {
  const key = Buffer.alloc(AnswererKey.bytes);
  writeAddress(key, AnswererKey.address, address);
  return key;
}

function answererKey({ address, protocol, port }: Answerer): Buffer {
  const key = addressKey(address);
  key.writeUInt16BE(port, AnswererKey.port);
  key.writeUInt8(protocolNumbers[protocol], AnswererKey.protocol);
  return key;
}

function writeAddress(key: Buffer, offset: number, address: string): void {
  for (const [i, word] of vipWords(address).entries()) key.writeBigUInt64LE(word, offset + 8 * i);
}
