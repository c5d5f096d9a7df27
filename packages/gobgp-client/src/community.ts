import { GobgpError } from './gobgp-error.js';

/** Well-known communities by name (IANA "BGP Well-known Communities"; RFC 1997, 3765, 7999, 8326). */
const wellKnown = new Map([
  ['graceful-shutdown', 0xffff0000],
  ['blackhole', 0xffff029a],
  ['no-export', 0xffffff01],
  ['no-advertise', 0xffffff02],
  ['no-export-subconfed', 0xffffff03],
  ['no-peer', 0xffffff04],
]);

/**
 * A community as the number that goes over the wire.
 * @param text  `64512:100`, or a name such as `no-export`
 * @throws {GobgpError} PATH_INVALID
 */
export function parseCommunity(text: string): number {
  const named = wellKnown.get(text);
  if (named !== undefined) return named;
  const [high, low, ...rest] = text.split(':').map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : Number.NaN));
  if (high !== undefined && low !== undefined && rest.length === 0 && high <= 0xffff && low <= 0xffff) {
    return high * 0x10000 + low;
  }
  throw new GobgpError('PATH_INVALID', `"${text}" is not a community such as 64512:100 or no-export`, {
    details: { text },
  });
}

/** The text of a community: its name if it is well known. */
export function formatCommunity(community: number): string {
  for (const [name, value] of wellKnown) if (value === community) return name;
  return `${Math.floor(community / 0x10000)}:${community % 0x10000}`;
}
