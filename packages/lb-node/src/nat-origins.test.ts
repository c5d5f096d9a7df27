import { parseNodeConfig } from '@weir/control';
import { serviceNumber } from '@weir/dataplane';
import { bytesToAddress, decodeFlowImage } from '@weir/packet';
import test from 'ava';
import { NatOrigins } from './nat-origins.js';
import { missedAnswer } from './test-support/flow-images.js';

function originsOf(services: string, backend: string, client = '192.0.2.1:1024') {
  const config = parseNodeConfig(
    `node: { interfaces: [eth0], localAddresses: [10.0.0.11] }\nservices:\n${services}`,
    'weir.yaml',
  );
  return new NatOrigins(config.services).of(missedAnswer(backend, client)).map((image) => {
    const flow = decodeFlowImage(image);
    if (flow === undefined) throw new Error('no image');
    const text = ({ address, port }: typeof flow.client) => `${bytesToAddress(address)} ${port}`;
    return { protocol: flow.protocol, client: text(flow.client), vip: text(flow.vip), service: flow.service };
  });
}

const web =
  '  - { name: web, method: nat, vip: 198.51.100.10, port: 80, backends: [ { address: 10.0.0.21, port: 8080 } ] }\n';

test("an answer's flow is from its destination to the VIP that has its backend", (t) => {
  const service = serviceNumber({ vip: '198.51.100.10', protocol: 'tcp', port: 80 });
  t.deepEqual(originsOf(web, '10.0.0.21:8080'), [
    { protocol: 6, client: '192.0.2.1 1024', vip: '198.51.100.10 80', service },
  ]);
});

const none: Record<string, readonly [services: string, backend: string]> = {
  'another port of the backend': [web, '10.0.0.21:8081'],
  'an address that is no backend': [web, '10.0.0.22:8080'],
  'a service of fullnat': [web.replace('nat', 'fullnat'), '10.0.0.21:8080'],
  'a service of UDP': [web.replace('vip', 'protocol: udp, vip'), '10.0.0.21:8080'],
  'a service whose many ports become one': [web.replace('port: 80,', 'port: 80-89,'), '10.0.0.21:8080'],
  'a port that is kept and not listened at': [
    web.replace('port: 80,', 'port: 80-89,').replace(', port: 8080', ''),
    '10.0.0.21:90',
  ],
};
for (const [title, [services, backend]] of Object.entries(none)) {
  test(`${title} is no origin of an answer`, (t) => t.deepEqual(originsOf(services, backend), []));
}

const kept: Record<string, string> = { 'a port': '80', 'a range of ports': '80-89', 'all ports': 'all' };
for (const [title, port] of Object.entries(kept)) {
  test(`where backends get the port of the packet, ${title} of the VIP is that of the answer`, (t) => {
    const services = web.replace('port: 80,', `port: ${port},`).replace(', port: 8080', '');
    t.deepEqual(
      originsOf(services, '10.0.0.21:80').map(({ vip }) => vip),
      ['198.51.100.10 80'],
    );
  });
}

test('a backend of several VIPs may answer for any of them, under the number of its service', (t) => {
  const services = `  - name: web
    method: nat
    listeners: [ { vip: 198.51.100.10, port: 80 }, { vip: 198.51.100.11, port: 81 } ]
    backends: [ { address: 10.0.0.21, port: 8080 } ]
${web.replace('web', 'other').replace('100.10', '100.12')}`;
  const origins = originsOf(services, '10.0.0.21:8080');
  t.deepEqual(
    origins.map(({ vip }) => vip),
    ['198.51.100.10 80', '198.51.100.11 81', '198.51.100.12 80'],
  );
  t.is(origins[0]?.service, origins[1]?.service);
  t.not(origins[0]?.service, origins[2]?.service);
});

test('the store is asked about 16 flows for an answer, at most', (t) => {
  const services = Array.from({ length: 20 }, (_, i) =>
    web.replace('web', `web${i}`).replace('100.10', `100.${10 + i}`),
  );
  t.is(originsOf(services.join(''), '10.0.0.21:8080').length, 16);
});

test('IPv6 answers have IPv6 flows', (t) => {
  const services = web.replace('198.51.100.10', '"2001:db8::10"').replace('10.0.0.21', '"fd00::21"');
  const [origin] = originsOf(services, '[fd00::21]:8080', '[2001:db8:1::1]:1024');
  t.deepEqual([origin?.client, origin?.vip], ['2001:db8:1::1 1024', '2001:db8::10 80']);
});
