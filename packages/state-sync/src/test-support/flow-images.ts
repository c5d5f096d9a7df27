import { encodeFlowImage, FLOW_IMAGE_BYTES, type FlowImage, type FlowKind } from '@weir/packet';

const TCP = 6;
const SERVICE = 0x1234_5678;

/** Flow `n` of a service of that kind and family: other flows have other clients. */
export function sampleFlow(n: number, kind: FlowKind = 'plain', family: 4 | 6 = 4): FlowImage {
  return {
    protocol: TCP,
    state: 'established',
    kind,
    service: SERVICE,
    client: { address: address(family, 1, n >>> 14), port: 1024 + (n & 0x3fff) },
    vip: { address: address(family, 2, 1), port: 443 },
    backend: { address: address(family, 3, n % 250), port: kind === 'plain' ? 0 : 8443 },
    ...(kind === 'fullnat' ? { local: { address: address(family, 4, n >>> 14), port: 1024 + (n & 0x3fff) } } : {}),
  };
}

/** Images of flows, one after another. */
export function imagesOf(flows: readonly FlowImage[]): Uint8Array {
  const images = new Uint8Array(flows.length * FLOW_IMAGE_BYTES);
  for (const [index, flow] of flows.entries()) encodeFlowImage(flow, images, index * FLOW_IMAGE_BYTES);
  return images;
}

/** Images of {@link sampleFlow}s. */
export function sampleImages(count: number, kind: FlowKind = 'plain', family: 4 | 6 = 4, first = 0): Uint8Array {
  return imagesOf(Array.from({ length: count }, (_, index) => sampleFlow(first + index, kind, family)));
}

/** In a network of its own for each role: client, VIP, backend, local. */
function address(family: 4 | 6, role: number, n: number): Uint8Array {
  const bytes = Buffer.alloc(family === 6 ? 16 : 4);
  if (family === 6) bytes.writeUInt32BE(0x2001_0db8, 0);
  bytes.writeUInt32BE(((10 << 24) | (role << 16) | n) >>> 0, bytes.length - 4);
  return bytes;
}
