import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WeirDocument } from '@weir/lab';
import test from 'ava';
import { stringify } from 'yaml';
import { DoctorLab, LB_NODE, REAL_SERVER, runProgram } from './doctor-lab.js';
import { testAsRoot } from './test-as-root.js';

const BACKEND = { address: '10.0.0.21' };
const STATELESS = { state: undefined, bgp: undefined };

let doctor: DoctorLab;
test.before(async () => {
  if (process.getuid?.() === 0) doctor = await DoctorLab.start();
});
test.after.always(async () => doctor?.[Symbol.asyncDispose]());

/** Starts another lb-node beside the one that runs; it should end before it touches anything. */
async function startOther(name: string, changes: Readonly<Record<string, unknown>>, prefix: readonly string[] = []) {
  const { node, lab } = doctor;
  const file = join(lab.directory, `${name}.yaml`);
  const document: WeirDocument = { ...node.document, ...STATELESS, ...changes };
  writeFileSync(file, stringify(document));
  const { code, stderr } = await runProgram(node.host, [LB_NODE, '--config', file], prefix);
  return { code, stderr };
}

testAsRoot('on a kernel that is too old neither daemon starts, and both say from which on they do', async (t) => {
  const old = ['setarch', '--uname-2.6'];
  const node = await startOther('old-kernel', {}, old);
  t.is(node.code, 69, node.stderr);
  t.regex(node.stderr, /Linux 2\.6\S+; expected Linux 5\.18 or later: install a newer kernel/);
  const args = [REAL_SERVER, '--interface', 'lan', '--vip', '198.51.100.99'];
  const agent = await runProgram(doctor.backend, args, old);
  t.is(agent.code, 69, agent.stderr);
  t.regex(agent.stderr, /expected Linux 5\.18 or later/);
});

testAsRoot('without a capability lb-node ends with 77 and its name', async (t) => {
  const { code, stderr } = await startOther('powerless', {}, ['setpriv', '--bounding-set=-bpf,-sys_admin']);
  t.is(code, 77, stderr);
  t.regex(stderr, /without CAP_BPF; expected CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON/);
});

testAsRoot(
  'where not even packets of 1280 bytes reach a backend, lb-node ends with 69 and the MTU that it takes',
  async (t) => {
    const { host } = doctor.node;
    await host.output('ip', ['route', 'add', '10.9.0.1/32', 'via', '10.0.0.21', 'mtu', '1300']);
    const services = [
      { name: 'far', vip: '198.51.100.77', port: 80, method: 'gue', backends: [{ address: '10.9.0.1' }] },
    ];
    const { code, stderr } = await startOther('narrow', { services });
    t.is(code, 69, stderr);
    t.regex(stderr, /MTU 1300 towards 10\.9\.0\.1; service far puts 32 bytes .*; expected an MTU of 1532/);
    await host.output('ip', ['route', 'del', '10.9.0.1/32']);
  },
);

testAsRoot('a node with the name of another that is alive ends with 69, and the other stays as it is', async (t) => {
  const copied = { node: { name: 'node1', interfaces: ['lan'], address: '10.0.0.12' } };
  const { code, stderr } = await startOther('copied', copied);
  t.is(code, 69, stderr);
  t.regex(stderr, /registered as node1, with 10\.0\.0\.11 .* give each its own node\.name/);
  t.is(doctor.node.process.end, undefined);
});

testAsRoot(
  'with etcd away, no snapshot and no services of its own lb-node ends with 69; with services it serves',
  async (t) => {
    const etcd = {
      cluster: 'lab',
      endpoints: ['10.0.0.6:1'],
      snapshotFile: join(doctor.lab.directory, 'none.snapshot'),
    };
    const { code, stderr } = await startOther('without-etcd', { etcd, services: [] });
    t.is(code, 69, stderr);
    t.regex(stderr, /etcd: no member answers \(.*10\.0\.0\.6:1.*\), \S+none\.snapshot has no snapshot/);
    // It comes as far as the port of metrics, which the other one has.
    const serving = await startOther('without-etcd', {
      etcd,
      services: [{ name: 'own', vip: '198.51.100.78', port: 80, backends: [BACKEND] }],
    });
    t.regex(serving.stderr, /127\.0\.0\.1:9646/);
  },
);
