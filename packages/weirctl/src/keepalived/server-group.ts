import { addressesOf, RANGE_MAX } from '../ipvsadm/address-range.js';
import type { FirewallMarks } from '../ipvsadm/firewall-marks.js';
import type { ListenerInput, Lose } from '../ipvsadm/placed-service.js';
import type { IpvsProtocol } from '../ipvsadm/virtual-service.js';
import type { Statement } from './block.js';

/** What a virtual server's words or a line of a group name: an address with its port, several, or a mark. */
export interface NamedListeners {
  readonly place: string;
  readonly words: readonly string[];
}

/**
 * The listeners that an address, a range or a mark stands for.
 * @param named  `192.168.200.3-10 80`, `10.0.0.1`, `fwmark 1`
 */
export function listenersOf(
  { place, words }: NamedListeners,
  protocol: IpvsProtocol,
  marks: FirewallMarks,
  lose: Lose,
): readonly ListenerInput[] {
  const [first = '', second] = words;
  if (first === 'fwmark') return listenersOfMark(Number(second), place, marks, lose);
  const addresses = addressesOf(first);
  const port = portOf(second);
  if (addresses === undefined) {
    lose(place, `"${first}" is no address, and no range of ${RANGE_MAX} addresses at most: left out`);
    return [];
  }
  if (port === undefined) {
    lose(place, `"${second}" is not a port from 1 to 65535: left out`);
    return [];
  }
  return addresses.map((vip) => ({ vip, protocol, port }));
}

/** The lines of a `virtual_server_group`. */
export function groupLines({ block = [] }: Statement): readonly NamedListeners[] {
  return block.map(({ place, keyword, values }) => ({ place, words: [keyword, ...values] }));
}

function listenersOfMark(mark: number, place: string, marks: FirewallMarks, lose: Lose): readonly ListenerInput[] {
  const listeners = marks.get(mark) ?? [];
  if (listeners.length === 0) {
    lose(
      place,
      `fwmark ${mark}: which packets have the mark, iptables or nft say; give their rules with --iptables (iptables-save), or write a service with their listeners`,
    );
  }
  return listeners;
}

/** Without a port, or with 0, all are meant. */
function portOf(text: string | undefined): number | 'all' | undefined {
  if (text === undefined || text === '0') return 'all';
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  return number >= 1 && number <= 65_535 ? number : undefined;
}
