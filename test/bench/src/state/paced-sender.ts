import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { attachXdp, unpin } from '@weir/dataplane';
import type { FlowPacket } from '../dataplane/flow-packet.js';
import { Trampoline } from '../dataplane/trampoline.js';

/** How often packets are sent; in between others have the CPU. */
const INTERVAL_MS = 5;
/** Of one call into the kernel. */
const PACKETS_AT_ONCE = 1000;
const SPARE_INTERFACE = 'spare';
const SPARE_PIN = `/sys/fs/bpf/${SPARE_INTERFACE}`;

/** Which flows send a packet each. */
export interface PacedFlows {
  readonly first: number;
  readonly flows: number;
  /** Packets a second. */
  readonly pace: number;
}

/**
 * Sends packets of flows out of an interface, as real frames, at a steady pace.
 *
 * The kernel calls XDP programs by a dispatcher, and whenever a program enters or leaves it, as each run of live frames
 * makes it do, waits for all CPUs (kernel/bpf/dispatcher.c): 30 ms, in which nobody else can send live frames, neither the
 * node under test. A program that is attached anywhere stays in it; so the sender's is, to an interface that is never up.
 */
export class PacedSender implements Disposable {
  readonly #trampoline = new Trampoline();

  /** @param ifindex  of the interface */
  constructor(readonly ifindex: number) {
    try {
      execFileSync('ip', ['link', 'add', SPARE_INTERFACE, 'type', 'veth', 'peer', 'name', `${SPARE_INTERFACE}-far`]);
      attachXdp(this.#trampoline.senderFd, SPARE_INTERFACE, 'native', SPARE_PIN);
    } catch (error) {
      this.#trampoline[Symbol.dispose]();
      throw error;
    }
  }

  /** One packet of each flow, one flow after the other. */
  async send(packet: FlowPacket, { first, flows, pace }: PacedFlows): Promise<void> {
    const begun = performance.now();
    for (let sent = 0; sent < flows; ) {
      const due = Math.min(flows, Math.ceil(((performance.now() - begun) / 1000) * pace));
      while (sent < due) {
        const packets = Math.min(PACKETS_AT_ONCE, due - sent);
        const sequence = { packet, flows: 2 ** 32 - 1, first: first + sent };
        this.#trampoline.sendAndCount(sequence, packets, this.ifindex);
        sent += packets;
      }
      await wait(INTERVAL_MS);
    }
  }

  [Symbol.dispose](): void {
    unpin(SPARE_PIN);
    execFileSync('ip', ['link', 'delete', SPARE_INTERFACE]);
    this.#trampoline[Symbol.dispose]();
  }
}
