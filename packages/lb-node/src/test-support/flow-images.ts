import {
  addressToBytes,
  encodeFlowImage,
  FLOW_IMAGE_BYTES,
  type FlowEnd,
  FlowImageField,
  type FlowKind,
} from '@weir/packet';

/** What a test says of a flow; ends as `10.0.0.1:80` or `[2001:db8::1]:80`. */
export interface FlowText {
  readonly kind?: FlowKind;
  readonly service?: number;
  readonly client: string;
  readonly vip: string;
  readonly backend: string;
  readonly local?: string;
}

/** Complete image of an established TCP connection. */
export function flowImage({ kind = 'nat', service = 0, client, vip, backend, local }: FlowText): Uint8Array {
  const image = new Uint8Array(FLOW_IMAGE_BYTES);
  const ends = { client: endOf(client), vip: endOf(vip), backend: endOf(backend) };
  const localEnd = local === undefined ? {} : { local: endOf(local) };
  encodeFlowImage({ protocol: 6, state: 'established', kind, service, ...ends, ...localEnd }, image);
  return image;
}

/** What a data plane hands up of a packet by the client of this flow. */
export function missedByClient(flow: Uint8Array): Uint8Array {
  const image = new Uint8Array(FLOW_IMAGE_BYTES);
  image.set(flow.subarray(0, FlowImageField.backendPort));
  image.set(flow.subarray(FlowImageField.client, FlowImageField.backend), FlowImageField.client);
  image.fill(0, FlowImageField.state, FlowImageField.service);
  return image;
}

/** What a data plane hands up of an answer from a backend to a client (nat) or a local address (fullnat). */
export function missedAnswer(backend: string, to: string): Uint8Array {
  const { address } = endOf(backend);
  const image = new Uint8Array(FLOW_IMAGE_BYTES);
  const view = new DataView(image.buffer);
  image[FlowImageField.family] = address.byteLength === 16 ? 6 : 4;
  image[FlowImageField.protocol] = 6;
  for (const [text, addressAt, portAt] of [
    [backend, FlowImageField.backend, FlowImageField.backendPort],
    [to, FlowImageField.local, FlowImageField.localPort],
  ] as const) {
    const end = endOf(text);
    image.set(end.address, addressAt);
    view.setUint16(portAt, end.port);
  }
  return image;
}

function endOf(text: string): FlowEnd {
  const at = text.lastIndexOf(':');
  return { address: addressToBytes(text.slice(0, at).replace(/^\[|\]$/g, '')), port: Number(text.slice(at + 1)) };
}
