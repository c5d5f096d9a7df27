import { readdirSync, readFileSync } from 'node:fs';

const INTERFACES = '/sys/class/net';

/** The name of an interface by its number; undefined: there is none. */
export function interfaceName(ifindex: number): string | undefined {
  return readdirSync(INTERFACES).find((name) => {
    try {
      return Number(readFileSync(`${INTERFACES}/${name}/ifindex`, 'utf8')) === ifindex;
    } catch {
      // It went meanwhile, or is no interface: bonding_masters.
      return false;
    }
  });
}
