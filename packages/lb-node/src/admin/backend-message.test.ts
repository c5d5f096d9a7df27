import type { BackendConfig, ServiceConfig } from '@weir/control';
import type { ForwardingService } from '@weir/dataplane';
import test from 'ava';
import { backendMessage, type LiveService } from './backend-message.js';

const BACKENDS = 1000;

test('a list of backends looks at each backend of its service a few times, however many there are', (t) => {
  let looks = 0;
  const backends = Array.from(
    { length: BACKENDS },
    (_, i) =>
      ({
        get name() {
          looks += 1;
          return `b${i}`;
        },
        address: `10.0.${i >> 8}.${i & 255}`,
        weight: (i % 3) + 1,
        maxConnections: 0,
      }) as BackendConfig,
  );
  const config = { name: 'web', backends, slowStartMs: 0 } as unknown as ServiceConfig;
  const tables = {
    scheduling: { pick: 'hash' },
    rows: new Int32Array(BACKENDS),
    backends: backends.map(({ address, weight }) => ({ address, port: 0, weight })),
  } as unknown as ForwardingService;
  const live: LiveService = { config, used: config, tables };

  const weights = backends.map(
    (backend, i) =>
      backendMessage({
        service: 'web',
        name: `b${i}`,
        written: undefined,
        config: backend,
        live,
        report: undefined,
        count: undefined,
        isReachable: true,
      }).effectiveWeight,
  );
  t.deepEqual(
    weights,
    backends.map(({ weight }) => weight),
  );
  t.true(looks <= 10 * BACKENDS, `${looks} names were read`);
});
