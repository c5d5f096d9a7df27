/**
 * The program that {@link AckFlood} runs on a host: sends ACKs between random ports by live test runs of a BPF program, which
 * one core makes more of than by any socket, until SIGTERM; then prints how many. Arguments: interface, its index, MAC
 * address of who gets them, source, destination, packets per second.
 */
import { argv } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BpfObject, DataplaneError, macAddressOf } from '@weir/dataplane';
import { buildFrame, buildTcpPacket, TcpFlag } from '@weir/packet';

const OBJECT = fileURLToPath(new URL('../obj/ack-flood.bpf.o', import.meta.url));
/** A run takes the kernel some 30 ms to begin and end, so that few are long ones. */
const RUNS_PER_SECOND = 4;

const [interfaceName, ifindex, mac, source, destination, rate] = argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];

const packet = buildTcpPacket(
  { source, destination },
  // As bpf/ack-flood.bpf.c expects it for its checksum.
  { sourcePort: 0, destinationPort: 0, sequence: 0xffff, acknowledgment: 0xffff, flags: TcpFlag.ack, window: 512 },
);
const ends = { source: macAddressOf(interfaceName), destination: Buffer.from(mac.replaceAll(':', ''), 'hex') };
const frame = buildFrame(ends, packet);

const framesOfRun = Math.ceil(Number(rate) / RUNS_PER_SECOND);

const begun = performance.now();
let sent = 0;
process.once('SIGTERM', () => {
  process.stdout.write(`${JSON.stringify({ sent, seconds: (performance.now() - begun) / 1000 })}\n`, () =>
    process.exit(),
  );
});

using object = new BpfObject(OBJECT);
object.load();
process.stdout.write('ready\n');
for (;;) {
  try {
    object.testRun('ack_flood', frame, { live: true, repeat: framesOfRun, ingressIfindex: Number(ifindex) });
    sent += framesOfRun;
  } catch (error) {
    // The signal that ends it came during a run.
    if (!(error instanceof DataplaneError) || error.details.errno !== 'EINTR') throw error;
  }
  const aheadMs = (sent / Number(rate)) * 1000 - (performance.now() - begun);
  await delay(Math.max(0, aheadMs));
}
