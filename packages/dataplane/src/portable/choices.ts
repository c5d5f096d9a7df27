import { choiceRow, type HashField } from '@weir/director';
import { bytesToAddress } from '@weir/packet';
import type { Backend, Service } from './service.js';
import type { Tuple } from './tuple.js';

/** Beside the first choice, with what a change of the hashed fields adds. */
const HOPS_MAX = 4;

/** The backends that may have the packet's flow, in the order to try them: docs/packet-path.md, section 3. */
export function choicesOf(service: Service, tuple: Tuple): readonly Backend[] {
  const { scheduling } = service;
  if (scheduling.pick !== 'choices' || service.rows.length === 0) return [];
  const { fields, alternativeFields = [] } = scheduling.hash;
  const named = { ...tuple, source: bytesToAddress(tuple.source), destination: bytesToAddress(tuple.destination) };
  const inRow = (hashed: readonly HashField[]) => {
    const first = choiceRow(scheduling.hash.key, hashed, named) * scheduling.choices;
    return service.rows.slice(first, first + scheduling.choices).filter((backend) => backend !== undefined);
  };
  const choices = inRow(fields);
  if (choices.length === 0 || alternativeFields.length === 0) return choices;
  return [...new Set([...choices, ...inRow(alternativeFields)])].slice(0, 1 + HOPS_MAX);
}
