import { createLogger } from '@weir/daemon';
import { FLOW_IMAGE_BYTES } from '@weir/packet';
import test from 'ava';
import { retell } from './retelling.js';

const logger = createLogger('test', { level: 'fatal', format: 'json' });
const piece = (flows: number) => new Uint8Array(flows * FLOW_IMAGE_BYTES);

/** Tells these pieces, and notes what was told and for how long it paused. */
async function retelling(
  pieces: readonly Uint8Array[],
  afterPause: (stop: AbortController, pauses: number) => boolean,
) {
  const told: [flows: number, refresh: boolean | undefined][] = [];
  const pauses: number[] = [];
  const stop = new AbortController();
  let isAvailable = true;
  const replication = {
    get isAvailable() {
      return isAvailable;
    },
    tell: (images: Uint8Array, refresh?: boolean) => void told.push([images.byteLength / FLOW_IMAGE_BYTES, refresh]),
  };
  const pause = async (ms: number) => {
    pauses.push(ms);
    isAvailable = afterPause(stop, pauses.length);
  };
  await retell({ sharing: { told: () => pieces }, replication, logger, pause }, stop.signal);
  return { told, pauses };
}

test('flows are told again a thousand at a time, 20,000 a second, as ones that were told before', async (t) => {
  const { told, pauses } = await retelling([piece(2_500), piece(400)], () => true);
  t.deepEqual(told, [
    [1_000, true],
    [1_000, true],
    [500, true],
    [400, true],
  ]);
  t.deepEqual(pauses, [50, 50, 25, 20]);
});

test('nothing more is told to a store that goes again', async (t) => {
  t.is((await retelling([piece(5_000)], (_stop, pauses) => pauses < 2)).told.length, 2);
});

test('nothing more is told when it is stopped', async (t) => {
  const { told } = await retelling([piece(5_000)], (stop) => {
    stop.abort();
    return true;
  });
  t.is(told.length, 1);
});
