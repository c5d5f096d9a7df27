import test from 'ava';
import type { ForwardingService, ForwardingTables } from '../dataplane.js';
import type { ForwardingMethod } from '../forwarding-method.js';
import { isRoot } from '../test-support/private-namespaces.js';
import { PortableDataplane } from './portable-dataplane.js';
import {
  backends,
  clients,
  locals,
  type PortableLab,
  sources,
  startPortableLab,
  vips,
} from './test-support/portable-lab.js';

type Family = 4 | 6;

const testAsRoot = isRoot ? test.serial : test.serial.skip;
const families: readonly Family[] = [4, 6];
const interfaces = ['eth0', 'eth1'];
let lab: PortableLab;
let plane: PortableDataplane;

test.before(async () => {
  if (!isRoot) return;
  lab = await startPortableLab();
  plane = await PortableDataplane.open({ interfaces });
});

test.after.always(async () => {
  await plane?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

function tablesOf(forwarding: ForwardingMethod, change: Partial<ForwardingService> = {}): ForwardingTables {
  const services = families.flatMap((family) =>
    (['tcp', 'udp'] as const).map((protocol) => ({
      listeners: [{ vip: vips[family], protocol, port: protocol === 'tcp' ? 80 : 7 }],
      forwarding,
      scheduling: { pick: 'hash', of: 'flow' } as const,
      backends: [{ address: backends[family] }],
      rows: [0],
      ...change,
    })),
  );
  return { services, sources, localAddresses: Object.values(locals), hashSeed: 7n };
}

const urlOf = (family: Family, path = '/') => `http://${family === 4 ? vips[4] : `[${vips[6]}]`}${path}`;
const curl = (...args: readonly string[]) => lab.client.output('curl', ['-sSg', '-m', '5', ...args]);

for (const family of families) {
  testAsRoot(`nat: a server over IPv${family} sees its client, on another port`, async (t) => {
    const mapped = [{ address: backends[family], port: 8080 }];
    const { services, ...rest } = tablesOf({ method: 'nat' });
    await plane.apply({
      ...rest,
      services: services
        .filter(({ listeners }) => listeners[0]?.vip === vips[family] && listeners[0].protocol === 'tcp')
        .map((service) => ({ ...service, backends: mapped })),
    });
    t.is(await curl(urlOf(family)), clients[family]);
  });
}
