import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { TraceService } from '@weir/admin-api';
import { Command, InvalidArgumentError } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { interruption } from '../client/interruption.js';
import { PcapngWriter } from '../pcapng.js';
import { WeirctlError } from '../weirctl-error.js';

interface CaptureOptions extends ConnectionOptions {
  readonly vip?: string;
  readonly client?: string;
  readonly dropReason?: string;
  readonly rate: number;
  readonly snapLength: number;
  readonly count?: number;
  readonly write?: string;
  readonly force?: true;
}

const RATE = 1000;
const SNAP_BYTES = 256;

/** `weirctl capture` */
export function captureCommand(): Command {
  const command = new Command('capture')
    .description('packets as they arrive, with what becomes of them as comments, as pcapng; until Ctrl-C')
    .option('--vip <address>', 'only to or from this address')
    .option('--client <network>', 'only of these clients, such as 203.0.113.0/24')
    .option('--drop-reason <reason>', 'only packets that are dropped for it, such as no_route; see docs/metrics.md')
    .option('--rate <packets>', 'a second, at most; others are counted', wholeNumber, RATE)
    .option('--snap-length <bytes>', 'kept of each packet', wholeNumber, SNAP_BYTES)
    .option('-c, --count <packets>', 'end after so many', wholeNumber)
    .option('-w, --write <file>', 'a new file that only you can read; default: the standard output')
    .option('--force', 'with -w: overwrite a file that is there; who can read it stays as it is')
    .addHelpText(
      'after',
      `
Examples:
  weirctl capture --vip 198.51.100.1 | tcpdump -n -r -
  weirctl capture --drop-reason no_backend | wireshark -k -i -
  weirctl capture -c 100 -w packets.pcapng`,
    )
    .action(async () => capture(command.opts<CaptureOptions>()));
  return connecting(command);
}

async function capture(options: CaptureOptions): Promise<void> {
  const { vip = '', client = '', dropReason = '', rate, snapLength, count = Number.POSITIVE_INFINITY, write } = options;
  if (write === undefined && process.stdout.isTTY) {
    throw new WeirctlError(
      'INPUT_INVALID',
      'a terminal can not show pcapng; write it to a file with -w, or pipe it: weirctl capture | tcpdump -n -r -',
    );
  }
  using api = new AdminClient(options);
  using interrupted = interruption();
  const output = write === undefined ? process.stdout : await opened(write, options.force === true);
  const pcapng = new PcapngWriter(snapLength);
  let [packets, missed] = [0, 0n];
  await put(output, pcapng.head());
  const request = { vip, client, dropReason, packetsPerSecond: rate, snapLength };
  for await (const { event } of api.stream(TraceService.capturePackets, request, interrupted.signal)) {
    if (event?.$case === 'missed') missed += event.value;
    if (event?.$case !== 'packet') continue;
    const { timeNs, interface: name, verdict, dropReason: reason, data, originalLength } = event.value;
    const comment = reason === '' ? verdict : `${verdict}: ${reason}`;
    await put(
      output,
      pcapng.packet({ interface: name, timestampNs: timeNs, frame: data, originalBytes: originalLength, comment }),
    );
    if (++packets >= count) break;
  }
  if (write !== undefined) {
    output.end();
    await once(output, 'finish');
  }
  process.stderr.write(`${packets} packets captured, ${missed} more were not kept\n`);
}

/** Packets may hold secrets: nobody else may read them. */
const PRIVATE = 0o600;

async function opened(file: string, force: boolean): Promise<Writable> {
  const stream = createWriteStream(file, { flags: force ? 'w' : 'wx', mode: PRIVATE });
  try {
    await once(stream, 'open');
    return stream;
  } catch (cause) {
    const isThere = (cause as NodeJS.ErrnoException).code === 'EEXIST';
    const message = isThere
      ? `${file} is there already; say --force to overwrite it, or name another file`
      : `${file} can't be written: ${(cause as Error).message}`;
    throw new WeirctlError('OUTPUT_UNWRITABLE', message, { cause, details: { file } });
  }
}

async function put(output: Writable, bytes: Uint8Array): Promise<void> {
  if (!output.write(bytes)) await once(output, 'drain');
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Write a whole number from 1 on.');
  return Number(text);
}
