import type { ListenerInput, Lose } from './carry-service.js';
import { canonicalAddress } from './read-endpoint.js';
import { splitQuoted } from './split-quoted.js';

/** Which packets get which mark. */
export type FirewallMarks = ReadonlyMap<number, readonly ListenerInput[]>;

const markOptions = ['--set-mark', '--set-xmark', '--or-mark'];

/**
 * Reads rules as iptables-save(8) and ip6tables-save(8) print them, or as commands of iptables(8): of those that jump to MARK,
 * destination, protocol and destination ports.
 */
export function parseFirewallMarks(text: string, file: string, lose: Lose): FirewallMarks {
  const marks = new Map<number, ListenerInput[]>();
  for (const [index, line] of text.split('\n').entries()) {
    const words = splitQuoted(line);
    const mark = markOf(words);
    if (mark === undefined) continue;
    const listeners = listenersOf(words);
    const place = `${file}, line ${index + 1}`;
    if (listeners.length === 0) {
      lose(
        place,
        `mark ${mark}: the rule has no single destination address with a protocol; write its listeners by hand`,
      );
    }
    marks.set(mark, [...(marks.get(mark) ?? []), ...listeners]);
  }
  return marks;
}

function markOf(words: readonly string[]): number | undefined {
  const at = words.findIndex((word) => markOptions.includes(word));
  const [mark = ''] = words[at + 1]?.split('/') ?? [];
  return at === -1 || !/^(0x[\da-f]+|\d+)$/i.test(mark) ? undefined : Number(mark);
}

function listenersOf(words: readonly string[]): ListenerInput[] {
  const after = (...names: readonly string[]) => words[words.findIndex((word) => names.includes(word)) + 1];
  const has = (...names: readonly string[]) => words.some((word) => names.includes(word));
  const [host = '', bits] =
    (has('-d', '--destination', '--dst') ? after('-d', '--destination', '--dst') : '')?.split('/') ?? [];
  const vip = canonicalAddress(host);
  const protocol = after('-p', '--protocol', '--proto');
  const whole = vip?.includes(':') === true ? '128' : '32';
  if (vip === undefined || (bits !== undefined && bits !== whole) || words.includes('!')) return [];
  if (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') return [];
  const ports = has('--dport', '--destination-port', '--dports', '--destination-ports')
    ? after('--dport', '--destination-port', '--dports', '--destination-ports')
    : 'all';
  return (ports ?? '').split(',').map((port) => ({ vip, protocol, port: portKey(port) }));
}

/** `80`, `8000:8999`, `all`. */
function portKey(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text.replace(':', '-');
}
