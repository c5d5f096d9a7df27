import type { TraceStep } from '@weir/dataplane';
import test from 'ava';
import { stepMessage } from './trace-text.js';

const services = new Map([['198.51.100.1:443/tcp', 'web']]);
const backend = { address: '10.0.0.21', port: 8080 };

const told: readonly (readonly [TraceStep, string])[] = [
  [
    {
      step: 'parsed',
      family: 4,
      protocol: 6,
      source: { address: '203.0.113.7', port: 40_000 },
      destination: { address: '198.51.100.1', port: 443 },
      tcpFlags: 0x02,
      ttl: 64,
      bytes: 40,
      fragment: 'none',
    },
    'TCP SYN from 203.0.113.7:40000 to 198.51.100.1:443, TTL 64, 40 bytes',
  ],
  [{ step: 'service', service: '198.51.100.1:443/tcp' }, 'web'],
  [{ step: 'service', service: undefined }, 'none listens there'],
  [{ step: 'guard', denied: true }, 'its source is denied'],
  [{ step: 'row', row: 7, backend, kept: true }, '7, which remembers its flows, leads to 10.0.0.21:8080'],
  [{ step: 'row', row: 7, backend: undefined, kept: false }, '7, leads to nobody'],
  [
    { step: 'choices', backends: [backend, { address: '2001:db8::2', port: 80 }] },
    'to try in turn: 10.0.0.21:8080, [2001:db8::2]:80',
  ],
  [
    { step: 'flow', known: true, backend, state: 'fin_by_client', idleSeconds: 3 },
    'known: 10.0.0.21:8080, fin by client, last packet 3 s ago',
  ],
  [{ step: 'owner', node: '10.1.0.2', hops: ['10.1.0.3'] }, '10.1.0.2 may know it, then 10.1.0.3'],
  [{ step: 'rate', of: 'source', admitted: false }, 'limit of new flows of its source: is reached'],
  [{ step: 'next_hop', outcome: 'no_neighbour' }, 'the kernel does not know the MAC address of the next hop'],
  [
    { step: 'next_hop', outcome: 'found', ifindex: 1, mtuBytes: 1500, destinationMac: '02:00:00:00:00:01', vlan: 7 },
    'by lo to 02:00:00:00:00:01, VLAN 7, MTU 1500',
  ],
  [
    { step: 'next_hop', outcome: 'found', ifindex: 99_999, mtuBytes: 1500, destinationMac: undefined, vlan: undefined },
    'by interface 99999, MTU 1500',
  ],
  [
    { step: 'next_hop', outcome: 'found', ifindex: 0, mtuBytes: 1500, destinationMac: undefined, vlan: undefined },
    'as the kernel routes it, MTU 1500',
  ],
  [{ step: 'too_big', bytes: 1520, mtuBytes: 1500 }, '1520 bytes with outer headers, the next hop takes 1500'],
];

for (const [step, text] of told) {
  test(`${step.step} is told as "${text}"`, (t) => {
    t.is(stepMessage(step, services).text, text);
  });
}

test('programs get the values by their names, inner ones too', (t) => {
  const { decision, values } = stepMessage({ step: 'row', row: 7, backend, kept: false }, services);
  t.is(decision, 'row');
  t.deepEqual(values, { row: '7', 'backend.address': '10.0.0.21', 'backend.port': '8080', kept: 'false' });
});
