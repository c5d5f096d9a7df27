import type { LabHost } from './lab-host.js';

export interface IperfOptions {
  readonly server: LabHost;
  readonly client: LabHost;
  /** That the client asks: the server's or a VIP. */
  readonly address: string;
  /** That the server answers from over UDP, where routing would pick another one: a VIP with direct return. */
  readonly bind?: string;
  readonly protocol: 'tcp' | 'udp';
  /** Default 1. */
  readonly seconds?: number;
  /** Server to client. Default false. */
  readonly reverse?: boolean;
  /** Of UDP. Default 20. */
  readonly megabitsPerSecond?: number;
}

export interface IperfResult {
  /** That arrived. */
  readonly bytes: number;
  /** UDP: share of datagrams that did not arrive, 0 to 100. */
  readonly lostPercent: number;
}

/** What of `iperf3 --json` is used. */
interface IperfReport {
  readonly end: {
    readonly sum_received?: { readonly bytes: number };
    readonly sum?: { readonly bytes: number; readonly lost_percent?: number };
  };
}

/** Port of iperf3, for the TCP connection that controls a run and for what is measured. */
export const IPERF_PORT = 5201;

/** One run of iperf3. @throws LabError `LAB_COMMAND_FAILED` with what it said when a connection is lost */
async function runIperf(options: IperfOptions): Promise<IperfResult> {
  const { client, address, protocol, bind, seconds = 1, reverse = false, megabitsPerSecond = 20 } = options;
  const bindTo = bind === undefined ? [] : ['--bind', bind];
  await using server = options.server.spawn('iperf3', ['--server', '--one-off', ...bindTo]);
  await server.waitForListening(IPERF_PORT);
  const udp = ['--udp', '--bitrate', `${megabitsPerSecond}M`];
  const args = ['--json', '--client', address, '--time', String(seconds), '--connect-timeout', '3000'];
  const report = await client.output('iperf3', [
    ...args,
    ...(protocol === 'udp' ? udp : []),
    ...(reverse ? ['--reverse'] : []),
  ]);
  const { end } = JSON.parse(report) as IperfReport;
  return { bytes: (end.sum_received ?? end.sum)?.bytes ?? 0, lostPercent: end.sum?.lost_percent ?? 0 };
}

/**
 * Up to five runs, until one is good: who stands still for a part of the second that a run lasts spoils it.
 *
 * @returns what the last one measured
 * @throws as {@link runIperf}
 */
export async function runIperfUntil(
  isGood: (result: IperfResult) => boolean,
  options: IperfOptions,
): Promise<IperfResult> {
  for (let left = 4; ; left--) {
    const result = await runIperf(options);
    if (left === 0 || isGood(result)) return result;
  }
}
