/** `proto` of routes and `protocol` of neighbours that Weir makes, so that it finds them again, and lets go of those alone. */
export const WEIR_PROTOCOL = '177';

/** Options of `ip`, one for each family. */
export const families = ['-4', '-6'] as const;

export function isOfFamily(address: string, family: (typeof families)[number]): boolean {
  return address.includes(':') === (family === '-6');
}
