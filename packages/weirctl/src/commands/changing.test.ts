import { status } from '@grpc/grpc-js';
import { ApplyServiceResponse, BackendsService, ServicesService } from '@weir/admin-api';
import test from 'ava';
import { Refusal } from '../test-support/api-server.js';
import { printed, run, type Services } from '../test-support/asked-api.js';
import { listServices } from '../test-support/listed-services.js';

const file =
  'services:\n  - { name: web, vip: 198.51.100.1, port: 443, backends: [ { address: 10.0.0.1, weight: 5 } ] }\n';
const changes = [{ path: 'backends[10.0.0.1].weight', beforeJson: '1', afterJson: '5' }];

test.serial('apply tells the difference, with the revision that it saw, and then changes it', async (t) => {
  const requests: { dryRun: boolean; expectedRevision: string }[] = [];
  const applyService = (request: { dryRun: boolean; expectedRevision: string }) => {
    requests.push(request);
    return ApplyServiceResponse.fromPartial({ changes });
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
      return {};
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

test.serial(
  'a drain waits until no connection is left; one that takes too long is a failure that names the way back',
  async (t) => {
    const answers = (isDrained: boolean) => ({
      drainBackend: () => [
        { connectionsLeft: 5n, connectionsAtStart: 5n, isDrained: false },
        { connectionsLeft: isDrained ? 0n : 2n, connectionsAtStart: 5n, isDrained },
      ],
    });
    const args = ['drain', 'backend', 'web', 'a', '--limit', '1s'];
    t.is(await printed(t, [[BackendsService, answers(true)]], args), 'a of web is drained\n');
    const { status: code, stderr } = await run([[BackendsService, answers(false)]], args);
    t.is(code, 1);
    t.regex(stderr, /still has 2 connections.*"weirctl undrain backend web a" takes it back/);
  },
);
