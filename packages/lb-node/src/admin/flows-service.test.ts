import { status } from '@grpc/grpc-js';
import type { Flow, FlowFilter, ListFlowsResponse } from '@weir/admin-api';
import { InvalidConfigError, type NodeConfig, type TimeoutsInput } from '@weir/control';
import type { FlowTableView, SeenFlow } from '@weir/dataplane';
import test from 'ava';
import { AdminError } from './admin-error.js';
import type { AuditedChange, Caller } from './caller.js';
import { flowsService } from './flows-service.js';

const config = {
  dataplane: {
    timeouts: { tcpSynMs: 60_000, tcpMs: 1, tcpFinMs: 1, tcpCloseMs: 1, udpMs: 1, otherMs: 1, fragmentMs: 1 },
  },
  services: [
    { name: 'web', listeners: [{ vip: '198.51.100.1', protocol: 'tcp', port: 80 }] },
    {
      name: 'dns',
      listeners: [
        { vip: '198.51.100.2', protocol: 'udp', port: 53 },
        { vip: '2001:db8::2', protocol: 'udp', port: 53 },
      ],
    },
  ],
} as unknown as NodeConfig;

const web: SeenFlow = {
  tuple: {
    protocol: 'tcp',
    client: { address: '203.0.113.7', port: 40_000 },
    vip: { address: '198.51.100.1', port: 80 },
  },
  service: '198.51.100.1:80/tcp',
  backend: { address: '10.0.0.21', port: 8080 },
  local: { address: '10.0.0.11', port: 2000 },
  state: 'established',
  idleMs: 3000,
  isShared: true,
};
const { tuple: _, local: __, ...hashed } = web;
const unknownWeb: SeenFlow = { ...hashed, state: 'fin_by_server', isShared: false };
const unknownDns: SeenFlow = { ...hashed, service: '198.51.100.2:53/udp', state: 'datagram', isShared: false };
const noFilter: FlowFilter = { service: '', backend: '', client: '', vip: '', state: '', protocol: '' };

/** The table of a test: what it remembers, and what was ended of it. */
class RememberedFlows implements FlowTableView {
  readonly ended: SeenFlow[] = [];
  readonly #flows: readonly SeenFlow[];

  constructor(flows: readonly SeenFlow[]) {
    this.#flows = flows;
  }

  [Symbol.iterator]() {
    return this.#flows[Symbol.iterator]();
  }

  find({ client }: NonNullable<SeenFlow['tuple']>) {
    return this.#flows.find(({ tuple }) => tuple?.client.port === client.port);
  }

  end(flow: SeenFlow) {
    this.ended.push(flow);
    return true;
  }
}

function serviceOf(flows: readonly SeenFlow[], ended = new AbortController()) {
  const flowTable = new RememberedFlows(flows);
  const fill = { taken: flows.length, places: 128, answers: { taken: 0, places: 64 } };
  const timeouts: TimeoutsInput[] = [];
  const changes = {
    setTimeouts: async (after: TimeoutsInput) => {
      timeouts.push(after);
      if (after.udp === '0s') {
        const problem = { path: 'dataplane.timeouts.udp', message: 'is less than 1s', line: 1 };
        throw new InvalidConfigError('weir.yaml', [problem]);
      }
      return { before: undefined, after, revision: '1', origin: 'running' as const, isInForce: true };
    },
  };
  const dataplane = { flowTable, flowTableFill: () => fill };
  const { methods } = flowsService({ dataplane, config: () => config, changes });
  const audited: AuditedChange[] = [];
  const caller: Caller = {
    name: 'a test',
    role: 'admin',
    signal: ended.signal,
    audit: (change) => audited.push(change),
  };
  return {
    flowTable,
    timeouts,
    audited,
    call: (method: string, request: object) => methods[method]?.unary?.(request as never, caller) as Promise<object>,
    async list(filter: Partial<FlowFilter> = {}, limit = 0n): Promise<ListFlowsResponse> {
      const all: Flow[] = [];
      let unanswered = 0n;
      const stream = methods.listFlows?.stream?.({ filter: { ...noFilter, ...filter }, limit } as never, caller);
      for await (const message of stream as AsyncIterable<ListFlowsResponse>) {
        all.push(...message.flows);
        unanswered = message.unanswered;
      }
      return { flows: all, unanswered };
    },
  };
}

test('a flow is told under the name of its service, with what is known of it', async (t) => {
  const { flows } = await serviceOf([web, unknownDns]).list();
  t.deepEqual(flows[0], {
    tuple: { protocol: 'tcp', clientAddress: '203.0.113.7', clientPort: 40_000, vip: '198.51.100.1', vipPort: 80 },
    service: 'web',
    backendAddress: '10.0.0.21',
    backendPort: 8080,
    state: 'established',
    idle: { seconds: 3n, nanos: 0 },
    localAddress: '10.0.0.11',
    localPort: 2000,
    isShared: true,
  });
  t.like(flows[1], { tuple: undefined, service: 'dns', state: 'active' });
});

for (const [filter, states] of [
  [{ service: 'web' }, ['established', 'fin']],
  [{ state: 'fin' }, ['fin']],
  [{ protocol: 'udp' }, ['active']],
  [{ vip: '198.51.100.1' }, ['established', 'fin']],
  [{ backend: '10.0.0.22' }, []],
  [{ service: 'web', state: 'established' }, ['established']],
] as const) {
  test(`a filter of ${JSON.stringify(filter)} holds ${states.length} of three flows`, async (t) => {
    const { flows, unanswered } = await serviceOf([web, unknownWeb, unknownDns]).list(filter);
    t.deepEqual(
      flows.map(({ state }) => state),
      [...states],
    );
    t.is(unanswered, 0n);
  });
}

test('flows whose client is not known are not held by a filter of clients, and counted', async (t) => {
  const service = serviceOf([web, unknownWeb, unknownDns]);
  const inside = await service.list({ client: '203.0.113.0/24' });
  t.is(inside.flows.length, 1);
  t.is(inside.unanswered, 2n);
  t.is((await service.list({ client: '203.0.114.0/24' })).flows.length, 0);
  t.is((await service.list({ client: '203.0.113.0/24', service: 'web' })).unanswered, 1n);
});

test('a service with several VIPs leaves open which of them its flows are of', async (t) => {
  const { flows, unanswered } = await serviceOf([unknownDns]).list({ vip: '2001:DB8::2' });
  t.is(flows.length, 0);
  t.is(unanswered, 1n);
});

test('so many flows are told as were asked for, in messages of 256', async (t) => {
  const many = Array.from({ length: 1000 }, () => web);
  t.is((await serviceOf(many).list({}, 300n)).flows.length, 300);
  t.is((await serviceOf(many).list()).flows.length, 1000);
});

test('flows are counted by backend', async (t) => {
  t.deepEqual(await serviceOf([web, web, unknownDns]).call('countFlows', {}), {
    backends: [
      { service: 'web', backendAddress: '10.0.0.21', backendPort: 8080, flows: 2n },
      { service: 'dns', backendAddress: '10.0.0.21', backendPort: 8080, flows: 1n },
    ],
    flows: 3n,
    unanswered: 0n,
    capacity: 128n,
  });
});

test('each wrong value is named with its field', async (t) => {
  const filter = { service: 'wbe', backend: 'x', client: '10.0.0.0/33', vip: '1.2.3', state: 'open', protocol: 'icmp' };
  const error = await t.throwsAsync(serviceOf([web]).call('countFlows', { filter }), { instanceOf: AdminError });
  t.is(error?.status, status.INVALID_ARGUMENT);
  t.deepEqual(
    error?.violations.map(({ field }) => field),
    ['service', 'backend', 'vip', 'client', 'state', 'protocol'].map((key) => `filter.${key}`),
  );
});

test('flows that a filter holds are ended and audited; on trial none is', async (t) => {
  const service = serviceOf([web, unknownDns]);
  const filter = { ...noFilter, service: 'web' };
  t.like(await service.call('terminateFlows', { filter, dryRun: true }), { terminated: 1n });
  t.deepEqual(service.flowTable.ended, []);
  t.like(await service.call('terminateFlows', { filter, dryRun: false }), { terminated: 1n });
  t.deepEqual(service.flowTable.ended, [web]);
  t.deepEqual(service.audited, [{ target: 'flows service=web', before: { flows: 1 }, isIncomplete: false }]);
});

test('what was ended before its caller left is audited as incomplete', async (t) => {
  const ended = new AbortController();
  const many = Array.from({ length: 10_000 }, () => web);
  const service = serviceOf(many, ended);
  const call = service.call('terminateFlows', { filter: { ...noFilter, service: 'web' }, dryRun: false });
  ended.abort();

  await t.throwsAsync(call, { name: 'AbortError' });
  const flows = service.flowTable.ended.length;
  t.true(flows > 0 && flows < many.length, `${flows} were ended`);
  t.deepEqual(service.audited, [{ target: 'flows service=web', before: { flows }, isIncomplete: true }]);
});

test('a filter that is refused is not audited as a change', async (t) => {
  const service = serviceOf([web]);
  await t.throwsAsync(service.call('terminateFlows', { filter: { ...noFilter, service: 'wbe' }, dryRun: false }));
  t.deepEqual(service.audited, []);
});

test('all flows are ended only when all is said', async (t) => {
  const service = serviceOf([web, unknownDns]);
  const error = await t.throwsAsync(service.call('terminateFlows', { filter: noFilter, all: false }));
  t.regex(error?.message ?? '', /^filter: has no condition/);
  t.like(await service.call('terminateFlows', { filter: noFilter, all: true }), { terminated: 2n });
});

test('a flow is looked up by its tuple; one that is not remembered is not found', async (t) => {
  const service = serviceOf([web]);
  const tuple = { protocol: 'tcp', clientAddress: '203.0.113.7', clientPort: 40_000, vip: '198.51.100.1', vipPort: 80 };
  t.like(await service.call('lookupFlow', { tuple }), { flow: { service: 'web' } });
  const error = await t.throwsAsync(service.call('lookupFlow', { tuple: { ...tuple, clientPort: 1 } }), {
    instanceOf: AdminError,
  });
  t.is(error?.status, status.NOT_FOUND);
  t.is(error?.message, 'there is no flow 203.0.113.7:1 to 198.51.100.1:80/tcp that this node remembers');
  const wrong = await t.throwsAsync(service.call('lookupFlow', { tuple: { ...tuple, vip: 'web', vipPort: 65_536 } }));
  t.is(wrong?.message, 'tuple.vip: "web" is not an IP address\ntuple.vip_port: 65536 is not a port, 0 to 65535');
});

test('timeouts that are given are changed, the others are left; a wrong one is named as the request has it', async (t) => {
  const service = serviceOf([]);
  const set = (timeouts: object) => service.call('setTimeouts', { timeouts });
  t.like(await set({ tcp: { seconds: 900n, nanos: 0 }, tcpFin: { seconds: 1n, nanos: 500_000_000 } }), {
    isInForce: true,
    timeouts: { tcpSyn: { seconds: 60n, nanos: 0 } },
  });
  t.deepEqual(service.timeouts, [{ tcp: '900s', tcpFin: '1500ms' }]);
  t.deepEqual(service.audited, [{ target: 'timeouts', before: undefined, after: { tcp: '900s', tcpFin: '1500ms' } }]);
  const nothing = await t.throwsAsync(set({}), { instanceOf: AdminError });
  t.regex(nothing?.message ?? '', /^timeouts: has none/);
  const wrong = await t.throwsAsync(set({ udp: { seconds: 0n, nanos: 0 } }), { instanceOf: AdminError });
  t.regex(wrong?.message ?? '', /^timeouts\.udp: is less than 1s/);
});
