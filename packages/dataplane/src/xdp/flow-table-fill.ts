import type { FlowTableFill } from '../dataplane.js';
import { FLOW_WAYS } from './layout.js';

/** Of so many sets no more than these are looked at: a table of a million flows has 32 MiB. */
const SAMPLED_SETS_MAX = 16_384;
/** A tag that says that another CPU writes here; what is less is free. */
const BUSY = 1;
/** Tag and value, as words of 32 bits. */
const WORDS_PER_PLACE = 4;

/**
 * How full a flow table is. Flows find their sets by a keyed hash, so that some sets speak for all: with the sample of a large
 * table the estimate is within 0.5 % of all places (three standard deviations).
 *
 * @param flows  tag and value of each place
 */
export function sampledFill(flows: BigUint64Array): FlowTableFill {
  const words = new Uint32Array(flows.buffer, flows.byteOffset, flows.length * 2);
  const places = words.length / WORDS_PER_PLACE;
  const stride = Math.ceil(places / FLOW_WAYS / SAMPLED_SETS_MAX);
  let taken = 0;
  let sampled = 0;
  for (let place = 0; place < places; place += stride * FLOW_WAYS) {
    for (let way = 0; way < FLOW_WAYS; way++) {
      const word = (place + way) * WORDS_PER_PLACE;
      if ((words[word] as number) > BUSY || (words[word + 1] as number) !== 0) taken++;
    }
    sampled += FLOW_WAYS;
  }
  return { taken: Math.round((taken * places) / sampled), places };
}
