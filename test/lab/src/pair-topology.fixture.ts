import type { Topology } from './topology.js';

/** Two hosts on a switch. */
export const pair: Topology = {
  name: 'pair',
  hosts: { left: {}, right: {} },
  switches: { lan: { mtuBytes: 1600 } },
  links: [
    { from: { host: 'left', addresses: ['10.9.0.1/24', 'fd00:9::1/64'] }, to: { switch: 'lan' } },
    { from: { host: 'right', addresses: ['10.9.0.2/24', 'fd00:9::2/64'] }, to: { switch: 'lan' } },
  ],
};
