import type { TableFill } from '../dataplane.js';
import { FLOW_WAYS } from './layout.js';

/** Of so many sets no more than these are looked at: a table of a million flows has 32 MiB. */
const SAMPLED_SETS_MAX = 16_384;
/** A tag that says that another CPU writes here; what is less is free. */
const BUSY = 1;
/**
 * How full a table of flows or answers is. They find their sets by a keyed hash, so that some sets speak for all: with the sample of a large
 * table the estimate is within 0.5 % of all places (three standard deviations).
 *
 * @param table  places, each of which begins with its tag
 */
export function sampledFill(table: ArrayBuffer, placeBytes: number): TableFill {
  const words = new Uint32Array(table);
  const placeWords = placeBytes / Uint32Array.BYTES_PER_ELEMENT;
  const places = words.length / placeWords;
  const stride = Math.ceil(places / FLOW_WAYS / SAMPLED_SETS_MAX);
  let taken = 0;
  let sampled = 0;
  for (let place = 0; place < places; place += stride * FLOW_WAYS) {
    for (let way = 0; way < FLOW_WAYS; way++) {
      const word = (place + way) * placeWords;
      if ((words[word] as number) > BUSY || (words[word + 1] as number) !== 0) taken++;
    }
    sampled += FLOW_WAYS;
  }
  return { taken: Math.round((taken * places) / sampled), places };
}
