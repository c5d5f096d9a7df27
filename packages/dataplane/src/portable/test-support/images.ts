import { bytesToAddress, decodeFlowImage, encodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage } from '@weir/packet';

export function imageOf(image: FlowImage): Uint8Array {
  const bytes = new Uint8Array(FLOW_IMAGE_BYTES);
  encodeFlowImage(image, bytes);
  return bytes;
}

/** The flows of images, one after another. */
export function flowsIn(images: Uint8Array): readonly FlowImage[] {
  return Array.from({ length: images.byteLength / FLOW_IMAGE_BYTES }, (_, i) => {
    const flow = decodeFlowImage(images, i * FLOW_IMAGE_BYTES);
    if (flow === undefined) throw new Error(`image ${i} is none`);
    return flow;
  });
}

/** "established 192.0.2.10:1234 198.51.100.10:80 10.0.0.21:8080", with the local end behind it where there is one. */
export function inWords({ state, client, vip, backend, local }: FlowImage): string {
  const ends = [client, vip, backend, ...(local === undefined ? [] : [local])];
  return [state, ...ends.map(({ address, port }) => `${bytesToAddress(address)}:${port}`)].join(' ');
}
