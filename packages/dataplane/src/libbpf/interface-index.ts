import { DataplaneError } from '../dataplane-error.js';
import { native } from './native.js';

/**
 * Index of an interface of this network namespace.
 * @throws {DataplaneError} INTERFACE_MISSING
 */
export function interfaceIndex(name: string): number {
  const index = native().ifNameToIndex(name) as number;
  if (index > 0) return index;
  throw new DataplaneError('INTERFACE_MISSING', `interface "${name}" does not exist; see "ip link"`, {
    details: { interface: name },
  });
}
