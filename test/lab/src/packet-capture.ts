import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';
import type { Deadline } from './wait-until.js';

export interface PacketCaptureOptions {
  readonly interface: string;
  /** pcap-filter(7). */
  readonly filter: string;
  /** More flags of tcpdump, such as `-v`. */
  readonly flags?: readonly string[];
}

/** tcpdump on an interface of a host. What XDP takes from the interface it does not see; what XDP passes on it does. */
export class PacketCapture implements AsyncDisposable {
  readonly #tcpdump: LabProcess;

  private constructor(tcpdump: LabProcess) {
    this.#tcpdump = tcpdump;
  }

  /** Resolves when packets are captured. */
  static async start(host: LabHost, options: PacketCaptureOptions): Promise<PacketCapture> {
    const flags = ['-nl', '--immediate-mode', ...(options.flags ?? []), '-i', options.interface, options.filter];
    const tcpdump = host.spawn('tcpdump', flags);
    await tcpdump.waitForLine(/listening on/);
    return new PacketCapture(tcpdump);
  }

  /** Waits for a packet whose description matches; one that was there before counts too. */
  waitFor(pattern: RegExp, deadline: Deadline = {}): Promise<string> {
    return this.#tcpdump.waitForLine(pattern, { ...deadline, after: this.#firstPacket() });
  }

  /** Descriptions of what was captured so far. */
  get packets(): readonly string[] {
    return this.#tcpdump.lines.slice(this.#firstPacket());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tcpdump.stop('SIGINT');
  }

  #firstPacket(): number {
    return this.#tcpdump.lines.findIndex((line) => /listening on/.test(line)) + 1;
  }
}
