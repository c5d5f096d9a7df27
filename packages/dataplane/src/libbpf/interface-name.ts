import { native } from './native.js';

/** IF_NAMESIZE of net/if.h. */
const NAME_BYTES = 16;

/** The name of an interface of this network namespace; undefined: there is none. See if_indextoname(3). */
export function interfaceNameOf(ifindex: number): string | undefined {
  const name = Buffer.alloc(NAME_BYTES);
  if (native().ifIndexToName(ifindex, name) === null) return undefined;
  return name.toString('latin1', 0, name.indexOf(0));
}
