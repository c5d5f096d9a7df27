import { type FlowImage, flowImageStates } from '@weir/packet';
import fc from 'fast-check';

const port = fc.nat(65_535);
const address = (family: 4 | 6) => {
  const length = family === 6 ? 16 : 4;
  return fc.uint8Array({ minLength: length, maxLength: length });
};
const end = (family: 4 | 6) => fc.record({ address: address(family), port });
const family = fc.constantFrom<4 | 6>(4, 6);
const common = {
  protocol: fc.nat(255),
  state: fc.constantFrom(...flowImageStates.slice(1)),
  service: fc.integer({ min: 1, max: 0xffff_ffff }),
};

const forwarded = fc
  .tuple(family, family, fc.constantFrom<'plain' | 'nat'>('plain', 'nat'))
  .chain(([ofClient, ofBackend, kind]) =>
    fc.record({
      ...common,
      kind: fc.constant(kind),
      client: end(ofClient),
      vip: end(ofClient),
      backend: end(ofBackend),
    }),
  );
const fullnat = family.chain((of) =>
  fc.record({
    ...common,
    kind: fc.constant('fullnat' as const),
    client: end(of),
    vip: end(of),
    backend: end(of),
    local: end(of),
  }),
);

/** Any flow that can be told of: all kinds, states, families; tunnels also across families. */
export const arbitraryFlow: fc.Arbitrary<FlowImage> = fc.oneof(forwarded, fullnat);
