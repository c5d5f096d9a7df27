import { FLOW_IMAGE_BYTES } from '@weir/packet';
import type { Redis } from 'ioredis';

const TTL_SECONDS = 300;
const FLOWS_PER_PIPELINE = 1000;
const KEY_BYTES = 12;
const VALUE_BYTES = 20;

/** A flow as two texts, as long as Weir's key and record are in base64. */
export interface PlainFlow {
  readonly key: string;
  readonly value: string;
}

/** Made beforehand: what it costs to make them is not in the rival's figure. */
export function plainFlows(images: Uint8Array): readonly PlainFlow[] {
  return Array.from({ length: images.byteLength / FLOW_IMAGE_BYTES }, (_, index) => {
    const image = Buffer.from(images.buffer, images.byteOffset + index * FLOW_IMAGE_BYTES, FLOW_IMAGE_BYTES);
    // Ports and client first: what tells flows apart.
    const text = (from: number, bytes: number) => image.toString('base64', from, from + bytes);
    return { key: `weir:${text(8, KEY_BYTES)}`, value: text(16, VALUE_BYTES) };
  });
}

/** Writes flows with a command each, in pipelines; resolves when the server has answered all. */
export async function writePlainly(client: Redis, flows: readonly PlainFlow[]): Promise<void> {
  for (let first = 0; first < flows.length; first += FLOWS_PER_PIPELINE) {
    const pipeline = client.pipeline();
    for (const { key, value } of flows.slice(first, first + FLOWS_PER_PIPELINE)) {
      pipeline.set(key, value, 'EX', TTL_SECONDS);
    }
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}
