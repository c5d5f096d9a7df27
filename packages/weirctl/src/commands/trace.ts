import { TracePacketResponse, TraceService } from '@weir/admin-api';
import { Command, InvalidArgumentError, Option } from 'commander';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { parseDestination, parseEndpoint } from '../render/parse-endpoint.js';

interface TraceOptions {
  readonly flags: readonly string[];
  readonly interface?: string;
  readonly hex?: true;
}

const knownFlags = ['syn', 'ack', 'fin', 'rst', 'psh', 'urg'];

/** `weirctl trace SOURCE:PORT VIP:PORT/PROTOCOL` */
export function traceCommand(): Command {
  const command = new Command('trace')
    .description('what would happen to a packet now, and why; nothing changes')
    .argument('<source>', 'address and port of a client: 203.0.113.7:40000, [2001:db8::7]:40000')
    .argument('<destination>', 'VIP, port and protocol: 198.51.100.1:443/tcp')
    .addOption(
      new Option('-f, --flags <flags>', 'TCP flags of the packet, such as syn or fin,ack')
        .argParser(flagsArgument)
        .default(['syn'], 'syn'),
    )
    .option('-i, --interface <name>', 'where it comes in; default: the first one of the node')
    .option('--hex', 'the packet as it would leave, too');
  command.addHelpText('after', '\nExample:\n  weirctl trace 203.0.113.7:40000 198.51.100.1:443/tcp');
  return viewCommand<TracePacketResponse, TraceOptions>(command, {
    read(client, options, [source = '', destination = '']) {
      const from = parseEndpoint(source);
      const { protocol, ...to } = parseDestination(destination);
      return client.call(TraceService.tracePacket, {
        sourceAddress: from.address,
        sourcePort: from.port,
        destinationAddress: to.address,
        destinationPort: to.port,
        protocol,
        tcpFlags: protocol === 'tcp' ? [...options.flags] : [],
        interface: options.interface ?? '',
        frame: Buffer.alloc(0),
      });
    },
    values: (answer) => TracePacketResponse.toJSON(answer),
    text: traceText,
  });
}

function traceText(
  { steps, verdict, dropReason, packet, engine }: TracePacketResponse,
  colours: Colours,
  { hex }: TraceOptions,
): string {
  const width = Math.max(0, ...steps.map(({ decision }) => decision.length));
  const lines = steps.map(
    ({ decision, text }) => `${colours.bold(decision.replaceAll('_', ' ').padEnd(width))}  ${text}`,
  );
  const isGood = verdict !== 'dropped';
  const end = dropReason === '' ? verdict.replaceAll('_', ' ') : `${verdict}: ${dropReason}`;
  lines.push('', `${(isGood ? colours.green : colours.red)(end)} (${engine})`);
  if (hex === true && packet.length > 0) lines.push('', hexDump(packet));
  return lines.join('\n');
}

/** As `tcpdump -x` has it. */
function hexDump(bytes: Uint8Array): string {
  const rows = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) =>
    bytes.subarray(row * 16, row * 16 + 16),
  );
  return rows
    .map((row, i) => {
      const words =
        Buffer.from(row)
          .toString('hex')
          .match(/.{1,4}/g) ?? [];
      return `0x${(i * 16).toString(16).padStart(4, '0')}:  ${words.join(' ')}`;
    })
    .join('\n');
}

function flagsArgument(text: string): readonly string[] {
  const flags = text.toLowerCase().split(',');
  const wrong = flags.find((flag) => !knownFlags.includes(flag));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${knownFlags.join(', ')}.`);
  return flags;
}
