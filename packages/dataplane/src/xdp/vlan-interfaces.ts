import { readFileSync } from 'node:fs';
import { native } from '../libbpf/native.js';

/** An interface that is a VLAN of another one, by their indexes. */
export interface VlanInterface {
  readonly ifindex: number;
  readonly parentIfindex: number;
  /** VLAN ID, 1 to 4094. */
  readonly id: number;
}

/** Where the kernel lists 802.1Q interfaces of this network namespace; not there before the first one. */
const VLAN_CONFIG = '/proc/net/vlan/config';

/** The VLAN interfaces of this network namespace: what a route names, where XDP sends by the interface below. */
export function vlanInterfaces(): VlanInterface[] {
  return [...readIfThere(VLAN_CONFIG).matchAll(/^(\S+)\s*\|\s*(\d+)\s*\|\s*(\S+)\s*$/gm)].flatMap(
    ([, name, id, parent]) => {
      const ifindex = native().ifNameToIndex(name) as number;
      const parentIfindex = native().ifNameToIndex(parent) as number;
      return ifindex === 0 || parentIfindex === 0 ? [] : [{ ifindex, parentIfindex, id: Number(id) }];
    },
  );
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
