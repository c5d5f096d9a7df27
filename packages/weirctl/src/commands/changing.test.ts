import { status } from '@grpc/grpc-js';
import { ApplyServiceResponse, BackendsService, ServicesService } from '@weir/admin-api';
import test from 'ava';
import { Refusal } from '../test-support/api-server.js';
import { printed, run, type Services, unanswered } from '../test-support/asked-api.js';
import { listServices } from '../test-support/listed-services.js';

const file =
  'services:\n  - { name: web, vip: 198.51.100.1, port: 443, backends: [ { address: 10.0.0.1, weight: 5 } ] }\n';
const changes = [{ path: 'backends[10.0.0.1].weight', beforeJson: '1', afterJson: '5' }];

test.serial('apply tells the difference, with the revision that it saw, and then changes it', async (t) => {
  const requests: { dryRun: boolean; expectedRevision: string }[] = [];
  const applyService = (request: { dryRun: boolean; expectedRevision: string }) => {
    requests.push(request);
    return ApplyServiceResponse.fromPartial({ changes, isInForce: true });
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  t.is(
    await printed(t, services, ['apply', '-f', '-'], file),
    'service web\n  ~ backends[10.0.0.1].weight: 1 -> 5\n1 service changed\n',
  );
  t.deepEqual(
    requests.map(({ dryRun, expectedRevision }) => [dryRun, expectedRevision]),
    [
      [true, '17'],
      [false, '17'],
    ],
  );
});

test.serial('apply on trial, and diff, change nothing; diff ends with 1', async (t) => {
  const applyService = ({ dryRun }: { dryRun: boolean }) => {
    t.true(dryRun);
    return ApplyServiceResponse.fromPartial({ changes });
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  t.regex(await printed(t, services, ['apply', '-f', '-', '--dry-run'], file), /1 service would change\n$/);
  const { status: code, stdout } = await run(services, ['diff', '-f', '-'], file);
  t.is(code, 1);
  t.is(stdout, 'service web\n  ~ backends[10.0.0.1].weight: 1 -> 5\n');
});

test.serial('programs are told what would change, what was changed, and whether it is in force', async (t) => {
  const applyService = () => ApplyServiceResponse.fromPartial({ changes, isInForce: true });
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  const web = {
    service: 'web',
    change: 'change',
    fields: [{ path: 'backends[10.0.0.1].weight', before: 1, after: 5 }],
  };
  const applied = await printed(t, services, ['apply', '-f', '-', '-o', 'json'], file);
  t.deepEqual(JSON.parse(applied), { services: [web], isApplied: true, isInForce: true });
  const { status: code, stdout } = await run(services, ['diff', '-f', '-', '-o', 'json'], file);
  t.is(code, 1);
  t.deepEqual(JSON.parse(stdout), { services: [web] });
});

test.serial('apply does not begin when one of the services is refused, and says which field', async (t) => {
  const applyService = ({ dryRun }: { dryRun: boolean }) => {
    t.true(dryRun);
    throw new Refusal(status.INVALID_ARGUMENT, 'wrong', [
      { field: 'service.listeners[0].vip', description: 'is the VIP of another service' },
    ]);
  };
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  const { status: code, stderr } = await run(services, ['apply', '-f', '-'], file);
  t.is(code, 78);
  t.is(stderr, 'weirctl: the node refuses this:\n  service.listeners[0].vip: is the VIP of another service\n');
});

test.serial('what is wrong in a file is said before a node is asked', async (t) => {
  const { status: code, stderr } = await run([], ['apply', '-f', '-'], file.replace('weight', 'wieght'));
  t.is(code, 78);
  t.regex(stderr, /services\[0\]\.backends\[0\]\.wieght.*did you mean "weight"/);
});

test.serial('apply --prune names what would go, and goes on only with --yes where nobody can be asked', async (t) => {
  const deleted: string[] = [];
  const answers = {
    ...listServices,
    applyService: () => ApplyServiceResponse.fromPartial({}),
    deleteService: ({ name }: { name: string }) => {
      deleted.push(name);
      return { isInForce: true };
    },
  };
  const services: Services = [[ServicesService, answers]];
  const { status: code, stderr } = await run(services, ['apply', '-f', '-', '--prune'], file);
  t.is(code, 1);
  t.regex(stderr, /would delete dns; say --yes/);
  t.deepEqual(deleted, []);
  t.is(
    await printed(t, services, ['apply', '-f', '-', '--prune', '--yes'], file),
    '- service dns\n1 service changed\n',
  );
  t.deepEqual(deleted, ['dns']);
});

test.serial('apply --prune moves a VIP to a service of another name: what has it goes first', async (t) => {
  const taken: string[] = [];
  const answers = {
    ...listServices,
    applyService({ service, dryRun }: { service: { name: string }; dryRun: boolean }) {
      if (!taken.includes('deleted web')) {
        const description = 'with tcp port 443 is the same as services[0]';
        throw new Refusal(status.INVALID_ARGUMENT, 'wrong', [{ field: 'service.listeners[0].vip', description }]);
      }
      taken.push(`${dryRun ? 'tried' : 'applied'} ${service.name}`);
      return ApplyServiceResponse.fromPartial({ isInForce: true });
    },
    deleteService({ name }: { name: string }) {
      taken.push(`deleted ${name}`);
      return { isInForce: true };
    },
  };
  const renamed = file.replace('name: web', 'name: shop');
  t.is(
    await printed(t, [[ServicesService, answers]], ['apply', '-f', '-', '--prune', '--yes'], renamed),
    `+ service shop
  not tried: it takes over a VIP, and is changed after the services that have it now
- service web
- service dns
3 services changed
`,
  );
  t.deepEqual(taken, ['deleted web', 'deleted dns', 'applied shop']);
});

test.serial('apply that is refused half way says which services are changed and which are not', async (t) => {
  const applyService = ({ service, dryRun }: { service: { name: string }; dryRun: boolean }) => {
    if (service.name === 'api' && !dryRun) throw new Refusal(status.ABORTED, 'api has revision 2, not 0');
    return ApplyServiceResponse.fromPartial({ changes, isInForce: true });
  };
  const three = ['web', 'api', 'mail'].map((name, i) => ({
    name,
    vip: `198.51.100.${i + 1}`,
    port: 443,
    backends: [{ address: '10.0.0.1' }],
  }));
  const services: Services = [[ServicesService, { ...listServices, applyService }]];
  const input = JSON.stringify({ services: three });
  const { status: code, stderr } = await run(services, ['apply', '-f', '-'], input);
  t.is(code, 1);
  t.regex(stderr, /api has revision 2.*\nchanged: web; stopped at: api; not changed: mail\n$/);
});

test.serial(
  'a drain waits until no connection is left; one that takes too long is a failure that names the way back',
  async (t) => {
    const answers = (isDrained: boolean) => ({
      drainBackend: () => [
        { connectionsLeft: 5n, connectionsAtStart: 5n, isDrained: false, countsAll: true },
        { connectionsLeft: isDrained ? 0n : 2n, connectionsAtStart: 5n, isDrained, countsAll: true },
      ],
    });
    const args = ['drain', 'backend', 'web', 'a', '--limit', '1s'];
    t.is(await printed(t, [[BackendsService, answers(true)]], args), 'a of web is drained\n');
    const { status: code, stderr } = await run([[BackendsService, answers(false)]], args);
    t.is(code, 1);
    t.regex(stderr, /still has 2 connections.*"weirctl undrain backend web a" takes it back/);
  },
);

test.serial('a drain of which nobody can say when it is over is no failure, and is said to be so', async (t) => {
  const drainBackend = () => [{ connectionsLeft: 0n, connectionsAtStart: 0n, isDrained: false, countsAll: false }];
  t.is(
    await printed(t, [[BackendsService, { drainBackend }]], ['drain', 'backend', 'web', 'a', '--limit', '1s']),
    "a of web drains; this node does not remember all flows of web, so it can't say when none is left\n",
  );
});

test.serial('Ctrl-C before the node has answered leaves open whether a backend drains, with 130', async (t) => {
  const silent = unanswered();
  const args = ['drain', 'backend', 'web', 'a'];
  const {
    status: code,
    stdout,
    stderr,
  } = await run([[BackendsService, { drainBackend: silent.answer }]], args, '', silent.asked);
  t.is(code, 130);
  t.is(stdout, '');
  t.regex(stderr, /it is not known whether a of web drains/);
});

for (const isInForce of [true, false]) {
  test.serial(`a weight that is ${isInForce ? '' : 'not yet '}in force is told so`, async (t) => {
    const services: Services = [[BackendsService, { setBackendWeight: () => ({ isInForce }) }]];
    t.is(
      await printed(t, services, ['weight', 'web', 'a', '5']),
      `a of web has weight 5\n${isInForce ? '' : 'written, not yet in force at the node that was asked; see "weirctl status"\n'}`,
    );
  });
}
