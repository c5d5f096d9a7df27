import { addressesOf, RANGE_MAX } from './address-range.js';
import type { ListenerInput, Lose } from './placed-service.js';
import { splitQuoted } from './split-quoted.js';

/** Which packets get which mark. */
export type FirewallMarks = ReadonlyMap<number, readonly ListenerInput[]>;

const ipvsProtocols = ['tcp', 'udp', 'sctp'] as const;
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
        `mark ${mark}: the rule has no destination of ${RANGE_MAX} addresses at most with tcp, udp or sctp; write its listeners by hand`,
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

/** Without a protocol, marks of packets of all are meant, and with it any port. */
function listenersOf(words: readonly string[]): ListenerInput[] {
  const after = (...names: readonly string[]) => {
    const at = words.findIndex((word) => names.includes(word));
    return at === -1 ? undefined : words[at + 1];
  };
  const vips = addressesOf(after('-d', '--destination', '--dst') ?? '') ?? [];
  const protocol = after('-p', '--protocol', '--proto') ?? 'all';
  const protocols = protocol === 'all' ? (['tcp', 'udp'] as const) : ipvsProtocols.filter((one) => one === protocol);
  const ports = after('--dport', '--destination-port', '--dports', '--destination-ports') ?? 'all';
  if (words.includes('!')) return [];
  return vips.flatMap((vip) =>
    protocols.flatMap((of) => ports.split(',').map((port) => ({ vip, protocol: of, port: portKey(port) }))),
  );
}

/** `80`, `8000:8999`, `all`. */
function portKey(text: string): number | string {
  return /^\d+$/.test(text) ? Number(text) : text.replace(':', '-');
}
