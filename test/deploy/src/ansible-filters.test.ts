import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { ANSIBLE_DIRECTORY } from './ansible-control.js';

/** What a filter of the collection makes of a value, as Ansible applies it. */
async function filtered(filter: string, value: unknown, ...args: readonly unknown[]): Promise<unknown> {
  const names = args.map((_, index) => `values[${index + 1}]`);
  const expression = `values[0] | weir.lb.${filter}(${names.join(', ')})`;
  const { stdout } = await promisify(execFile)(
    'ansible',
    ['localhost', '--module-name', 'debug', '--args', `msg={{ ${expression} }}`]
      .concat(['--extra-vars', JSON.stringify({ values: [value, ...args] })])
      .concat(['--inventory', 'localhost,', '--connection', 'local']),
    { cwd: ANSIBLE_DIRECTORY, env: { ...process.env, ANSIBLE_NOCOLOR: '1', ANSIBLE_CALLBACK_RESULT_FORMAT: 'json' } },
  );
  return JSON.parse(stdout.slice(stdout.indexOf('{'))).msg;
}

const web = { name: 'web', vip: '198.51.100.10', port: 80 };
const rs1 = { host: 'rs1', name: 'rs1', address: '10.0.0.21', address6: '', services: [] };

const argumentsAre = test.macro({
  title: (what = '') => `the agent of a backend of ${what}`,
  async exec(t: ExecutionContext, service: object, expected: readonly string[]) {
    t.timeout(60_000);
    t.deepEqual(await filtered('agent_arguments', [service], [rs1], 'rs1', ['eth0'], ['10.0.0.11']), expected);
  },
});

test.serial('a service that names no method takes ipip apart, as weir.yaml has it sent', argumentsAre, web, [
  '--interface=eth0',
  '--vip=198.51.100.10',
  '--decap=ipip',
  '--keep',
]);
test.serial('a service by nat has nothing to do', argumentsAre, { ...web, method: 'nat' }, []);

test.serial('a service that names no method needs room for the headers of ipip', async (t) => {
  t.timeout(60_000);
  const node = { host: 'lb1', name: 'lb1', engine: 'xdp', mtus: { eth0: 1500 }, client_mtu: 1500 };
  const faults = await filtered('cluster_faults', [node], [web], [rs1]);
  t.regex(String(faults), /^lb1: eth0 has an MTU of 1500, and service web needs 1520: 1500 of a client and 20 of ipip/);
});
