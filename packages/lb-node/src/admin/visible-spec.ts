import type { ServiceSpec } from '@weir/admin-api';
import { isAllowed, type Role } from './caller.js';
import { redacted } from './redact.js';

/**
 * What of a service a caller may see: whoever may not apply it does not learn what its hashes are keyed with, nor passwords
 * in its discovery.
 */
export function visibleSpec(spec: ServiceSpec, role: Role): ServiceSpec {
  if (isAllowed(role, 'admin')) return spec;
  const { secondChance, discoveryJson } = spec;
  return {
    ...spec,
    secondChance: secondChance && { ...secondChance, seed: undefined, hashKey: undefined },
    discoveryJson: discoveryJson === undefined ? undefined : String(redacted(discoveryJson)),
  };
}
