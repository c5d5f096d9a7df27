import test from 'ava';
import { type Parsed, parseFrame } from './parse-frame.js';
import { bytesOf, hexOf } from './test-support/engine.js';
import { packets } from './test-support/packets.js';

const { syn4, syn6 } = packets;
const tcp = syn6.slice(2 * 54);

/** A frame of IPv6 with these headers between the fixed one and TCP. */
function extended(nextHeader: string, headers: string, end = tcp): string {
  const payloadBytes = ((headers.length + end.length) / 2).toString(16).padStart(4, '0');
  return `${syn6.slice(0, 36)}${payloadBytes}${nextHeader}40${syn6.slice(44, 108)}${headers}${end}`;
}

function inWords(parsed: Parsed): string {
  if (parsed.kind === 'refused') return parsed.reason;
  if (parsed.kind !== 'packet') return parsed.kind;
  const { sourcePort, destinationPort, transportOffset, fragment } = parsed.packet;
  const part = fragment === undefined ? '' : fragment.isFirst ? ', first fragment' : ', later fragment';
  return `${sourcePort} to ${destinationPort} at ${transportOffset}${part}`;
}

const cases: readonly (readonly [string, string, string])[] = [
  ['a frame without IP', `${syn4.slice(0, 24)}0806${syn4.slice(28)}`, 'other'],
  ['a frame that ends in its VLAN tag', `${syn4.slice(0, 24)}81000001`, 'other'],
  ['a packet behind two tags', `${syn4.slice(0, 24)}88a8000181000002${syn4.slice(24)}`, '1234 to 80 at 20'],
  ['a packet behind three tags', `${syn4.slice(0, 24)}810000018100000281000003${syn4.slice(24)}`, 'other'],
  ['IPv4 of another version', syn4.replace('0800452a', '0800652a'), 'malformed_ipv4'],
  ['IPv4 that is longer than its frame', syn4.slice(0, -2), 'truncated_ipv4'],
  ['TCP that does not fit its IPv4', syn4.replace('452a0028', '452a0027'), 'truncated_transport'],
  ['a later fragment of IPv4', syn4.replace('000700004006', '000700054006'), '0 to 0 at 20, later fragment'],
  ['a first fragment of IPv4', syn4.replace('000700004006', '000720004006'), '1234 to 80 at 20, first fragment'],
  ['IPv4 with GRE', syn4.replace('000700004006', '00070000402f'), 'other'],
  ['IPv6 cut off', syn6.slice(0, -2), 'truncated_ipv6'],
  ['destination options', extended('3c', '0600000000000000'), '1234 to 80 at 48'],
  [
    'four extension headers',
    extended('00', '3c000000000000003c0000000000000000000000000000000600000000000000'),
    '1234 to 80 at 72',
  ],
  ['five extension headers', extended('00', `${'00'.repeat(32)}0600000000000000`), 'unreadable'],
  ['an extension header that passes the end', extended('3c', '06ff000000000000'), 'unreadable'],
  ['a later fragment of IPv6', extended('2c', '06000008000000ff'), '0 to 0 at 48, later fragment'],
  ['a first fragment of IPv6', extended('2c', '06000001000000ff'), '1234 to 80 at 48, first fragment'],
  ['an atomic fragment of IPv6', extended('2c', '06000000000000ff'), '1234 to 80 at 48'],
];
for (const [title, frame, expected] of cases) {
  test(`${title}: ${expected}`, (t) => t.is(inWords(parseFrame(bytesOf(frame))), expected));
}

test('what Ethernet padded is no part of the packet', (t) => {
  const parsed = parseFrame(bytesOf(`${syn4}000000000000`));
  t.is(parsed.kind === 'packet' && parsed.packet.bytes, 40);
  t.is(parsed.kind === 'packet' && hexOf(parsed.packet.destination), 'c633640a');
});
