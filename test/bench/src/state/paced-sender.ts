import { setTimeout as wait } from 'node:timers/promises';
import type { FlowPacket } from '../dataplane/flow-packet.js';
import type { Trampoline } from '../dataplane/trampoline.js';

/** How often packets are sent; in between others have the CPU. */
const INTERVAL_MS = 5;
/** Of one call into the kernel. */
const PACKETS_AT_ONCE = 1000;

/** Sends packets of flows out of an interface, as real frames, at a steady pace. */
export class PacedSender {
  constructor(
    readonly trampoline: Trampoline,
    readonly ifindex: number,
    /** Packets a second. */
    readonly pace: number,
  ) {}

  /** One packet of each flow, one flow after the other. */
  async send(packet: FlowPacket, first: number, flows: number): Promise<void> {
    const begun = performance.now();
    for (let sent = 0; sent < flows; ) {
      const due = Math.min(flows, Math.ceil(((performance.now() - begun) / 1000) * this.pace));
      while (sent < due) {
        const packets = Math.min(PACKETS_AT_ONCE, due - sent);
        const sequence = { packet, flows: 2 ** 32 - 1, first: first + sent };
        this.trampoline.sendAndCount(sequence, packets, this.ifindex);
        sent += packets;
      }
      await wait(INTERVAL_MS);
    }
  }
}
