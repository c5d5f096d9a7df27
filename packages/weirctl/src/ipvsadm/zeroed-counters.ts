import type { BalancerCounters, Counters } from './balancer.js';
import type { ZeroedCounters } from './remembered.js';

type Zeroed = Readonly<Record<string, ZeroedCounters>>;

/**
 * Counters as they are now, for later ones to be counted from.
 * @param names  of the services; undefined: all
 */
export function zeroedBy(counters: BalancerCounters, names: readonly string[] | undefined, before: Zeroed): Zeroed {
  const entries = [...counters]
    .filter(([name]) => names?.includes(name) ?? true)
    .flatMap(([name, { total, backends }]) => [
      [name, textOf(total)] as const,
      ...[...backends].map(([backend, own]) => [`${name} ${backend}`, textOf(own)] as const),
    ]);
  return { ...before, ...Object.fromEntries(entries) };
}

/** Counters since they were zeroed. Those that are smaller than then began anew, with new tables. */
export function countersSince(counters: BalancerCounters, zeroed: Zeroed): BalancerCounters {
  return new Map(
    [...counters].map(([name, { total, backends }]) => [
      name,
      {
        total: since(total, zeroed[name]),
        backends: new Map([...backends].map(([backend, own]) => [backend, since(own, zeroed[`${name} ${backend}`])])),
      },
    ]),
  );
}

function since(counters: Counters, zeroed: ZeroedCounters | undefined): Counters {
  if (zeroed === undefined) return counters;
  const { packets, bytes } = counters;
  const before = { packets: BigInt(zeroed.packets), bytes: BigInt(zeroed.bytes) };
  if (packets < before.packets || bytes < before.bytes) return counters;
  return { ...counters, packets: packets - before.packets, bytes: bytes - before.bytes };
}

function textOf({ packets, bytes }: Counters): ZeroedCounters {
  return { packets: `${packets}`, bytes: `${bytes}` };
}
