import { fileURLToPath } from 'node:url';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

const SENDER = fileURLToPath(new URL('ack-flood-sender.js', import.meta.url));

export interface AckFloodOptions {
  readonly interface: string;
  /** Of who gets them. */
  readonly mac: string;
  /** IPv4. */
  readonly source: string;
  readonly destination: string;
  /** At most; one core may make fewer. Default a million. */
  readonly packetsPerSecond?: number;
}

/** ACKs of connections that nobody has, between all ports of two addresses. They end with the lab at the latest. */
export class AckFlood implements AsyncDisposable {
  private constructor(readonly process: LabProcess) {}

  /** Resolves when they are being sent. */
  static async start(host: LabHost, options: AckFloodOptions): Promise<AckFlood> {
    const { interface: name, mac, source, destination, packetsPerSecond = 1_000_000 } = options;
    const ifindex = (await host.output('ip', ['-o', 'link', 'show', name])).split(':')[0] as string;
    const args = [SENDER, name, ifindex, mac, source, destination, String(packetsPerSecond)];
    const flood = new AckFlood(host.spawn(process.execPath, args, { name: 'ack-flood' }));
    await flood.process.waitForLine(/^ready$/);
    return flood;
  }

  /** Ends it. */
  async stop(): Promise<{ readonly sent: number; readonly perSecond: number }> {
    await this.process.stop();
    await this.process.closed;
    const { sent, seconds } = JSON.parse(await this.process.waitForLine(/"sent"/)) as { sent: number; seconds: number };
    return { sent, perSecond: sent / seconds };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop();
  }
}
