import type { ServiceInput } from '@weir/control';
import type { FirewallMarks } from './firewall-marks.js';
import type { ListenerInput } from './placed-service.js';
import type { ServiceKey } from './virtual-service.js';

export type MarkKey = ServiceKey & { readonly kind: 'mark' };

/** A service stands for a firewall mark by its name alone: `mark-1`. */
export function markServiceName(mark: number): string {
  return `mark-${mark}`;
}

/** Undefined: it stands for none. */
export function markOfService({ name }: Pick<ServiceInput, 'name'>): number | undefined {
  const digits = /^mark-([1-9]\d*)$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** What packets have a mark, of its family. */
export function listenersOfMark({ mark, family }: MarkKey, marks: FirewallMarks): readonly ListenerInput[] {
  return (marks.get(mark) ?? []).filter((listener) => familyOf(listener) === family);
}

export function familyOf({ vip }: ListenerInput): 4 | 6 {
  return vip.includes(':') ? 6 : 4;
}
