import { addressToBytes } from '@weir/packet';
import test from 'ava';
import type { Flow } from './flow.js';
import { FlowTable } from './flow-table.js';
import { PortableFlowView } from './flow-view.js';
import type { Backend, Service } from './service.js';

const end = (address: string, port: number) => ({ address: addressToBytes(address), port });

function backendOf(method: 'ipip' | 'fullnat'): Backend {
  const service = {
    key: { vip: '198.51.100.10', protocol: 'tcp', port: 80 },
    forwarding: method === 'ipip' ? { method } : { method, toa: false },
  } as Service;
  return {
    service,
    name: '10.0.0.21',
    port: 0,
    weight: 1,
    upperConnections: 0,
    activeConnections: 0,
    inactiveConnections: 0,
    newFlows: 0,
    inForce: true,
  } as Backend;
}

function flowOf(clientPort: number, backend: Backend): Flow {
  return {
    protocol: 6,
    client: end('192.0.2.10', clientPort),
    vip: end('198.51.100.10', 80),
    backend,
    translation:
      backend.service.forwarding.method === 'ipip'
        ? undefined
        : { near: end('10.0.0.11', 2000 + clientPort), far: end('10.0.0.21', 8080) },
    state: 'established',
    lastSeen: { client: 3, server: 5 },
    dueTick: 0,
    told: undefined,
  };
}

const tuple = {
  protocol: 'tcp',
  client: { address: '192.0.2.10', port: 3000 },
  vip: { address: '198.51.100.10', port: 80 },
} as const;

test('a flow is listed with its tuple, its backend and how long it is idle', (t) => {
  const flows = new FlowTable(8);
  flows.add(flowOf(3000, backendOf('ipip')));
  t.deepEqual(
    [...new PortableFlowView(flows, () => 9)],
    [
      {
        tuple,
        service: '198.51.100.10:80/tcp',
        backend: { address: '10.0.0.21', port: 0 },
        state: 'established',
        idleMs: 4000,
        isShared: false,
      },
    ],
  );
});

test('a flow of fullnat is found with its local address, and once it is ended it is not there', (t) => {
  const flows = new FlowTable(8);
  const backend = backendOf('fullnat');
  flows.add(flowOf(3000, backend));
  flows.add(flowOf(3001, backend));
  const view = new PortableFlowView(flows, () => 5);
  const flow = view.find(tuple);
  t.deepEqual(flow?.local, { address: '10.0.0.11', port: 5000 });
  t.deepEqual(flow?.backend, { address: '10.0.0.21', port: 8080 });
  t.true(flow !== undefined && view.end(flow));
  t.is(view.find(tuple), undefined);
  t.is([...view].length, 1);
  t.is(backend.activeConnections, 1);
  t.false(flow !== undefined && view.end(flow));
});
