import { execFileSync, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import test from 'ava';
import { BpfObject } from '../libbpf/bpf-object.js';
import { enterPrivateNamespaces, ip, isRoot, linkPair } from '../test-support/private-namespaces.js';
import { probeMark } from './probe-mark.js';
import { ProbePath } from './probe-path.js';
import type { ProbeRoute } from './probe-route.js';

const INTERFACES = ['weir-p0', 'weir-p2'];
const SOURCES = { ipv4: '10.0.0.11', ipv6: 'fd00:10::11' };
const ROUTES: readonly ProbeRoute[] = [
  { mark: probeMark(1), vip: '198.51.100.1', backend: '10.0.0.21', forwarding: { method: 'ipip' } },
  { mark: probeMark(2), vip: '2001:db8::1', backend: 'fd00:10::21', forwarding: { method: 'gre' } },
];
/** Of the 1,000,000 that the verifier goes through. */
const VERIFIED_INSTRUCTIONS_MAX = 5000;

const rootTest = isRoot ? test.serial : test.serial.skip;
if (!isRoot) process.stderr.write('skipped: probes of a path of their own need root\n');

test.before(async () => {
  if (!isRoot) return;
  enterPrivateNamespaces();
  await linkPair('weir-p0', 'weir-p1', '02:00:00:00:00:01');
  await linkPair('weir-p2', 'weir-p3', '02:00:00:00:00:02');
  ip('address add 10.0.0.11/24 dev weir-p0');
  ip('address add fd00:10::11/64 dev weir-p0 nodad');
});

/** What of the kernel's state a path of probes may change; link-local addresses come when they like. */
function kernelState(): string {
  const filters = execFileSync('tc', ['filter', 'show', 'dev', 'lo', 'egress'], { encoding: 'utf8' });
  const qdiscs = execFileSync('tc', ['qdisc', 'show', 'dev', 'lo'], { encoding: 'utf8' });
  const routing = ['-4', '-6'].map(
    (family) => ip(`${family} rule show`) + ip(`${family} route show table all`).replaceAll(/^.*\bfe80:.*\n/gm, ''),
  );
  return [filters.replaceAll(/ id \d+|:\[\d+\]/g, ''), qdiscs, ...routing].join('\n');
}

function openAndSet(): Promise<ProbePath> {
  return ProbePath.open({ interfaces: INTERFACES }).then(async (path) => {
    await path.set(ROUTES, SOURCES);
    return path;
  });
}

rootTest('what a path of probes makes goes with it, also where the kernel looks for ways back', async (t) => {
  execFileSync('sysctl', ['-qw', 'net.ipv4.conf.weir-p0.rp_filter=1']);
  const before = kernelState();
  const path = await openAndSet();
  const during = kernelState();
  t.regex(during, /weir_probe direct-action/);
  t.regex(
    during,
    /198\.51\.100\.1 table 5701 proto 177 scope link \n\tnexthop dev weir-p0 weight 1 \n\tnexthop dev weir-p2/,
  );
  await path.set([], SOURCES);
  t.notRegex(kernelState(), /198\.51\.100\.1 /, 'VIPs without probes are no business of it');
  await path[Symbol.asyncDispose]();
  t.is(kernelState(), before);
});

rootTest('what a link took along when it went down is stated anew', async (t) => {
  const path = await openAndSet();
  const before = kernelState();
  ip('link set weir-p2 down');
  t.not(kernelState(), before);
  await path.set(ROUTES, SOURCES);
  t.regex(kernelState(), /198\.51\.100\.1 dev weir-p0 table 5701/, 'the link that is left is the way back');
  ip('link set weir-p2 up');
  while (ip('-o link show weir-p2').includes('NO-CARRIER')) await new Promise((resolve) => setImmediate(resolve));
  await path.set(ROUTES, SOURCES);
  t.is(kernelState(), before);
  await path[Symbol.asyncDispose]();
});

rootTest('rules that somebody removed are stated anew', async (t) => {
  await using path = await openAndSet();
  const before = kernelState();
  ip('-4 rule del pref 5700');
  ip('-6 rule del pref 5700');
  ip('-4 rule del pref 5701');
  await path.set(ROUTES, SOURCES);
  t.is(kernelState(), before);
});

rootTest(
  'ten thousand routes take no more commands than two, and less than three seconds of this process',
  async (t) => {
    await using path = await ProbePath.open({ interfaces: INTERFACES });
    const routes = Array.from(
      { length: 10_000 },
      (_, number): ProbeRoute => ({
        mark: probeMark(number),
        vip: `198.51.${100 + (number >> 13)}.${number & 0xff}`,
        backend: `10.${number >> 16}.${(number >> 8) & 0xff}.${number & 0xff}`,
        forwarding: { method: 'ipip' },
      }),
    );
    let commands = 0;
    const count = () => commands++;
    subscribe('child_process', count);
    t.teardown(() => unsubscribe('child_process', count));
    const commandsFor = async (some: readonly ProbeRoute[]) => {
      commands = 0;
      await path.set(some, SOURCES);
      return commands;
    };
    // The first time it states rules as well.
    await commandsFor(routes.slice(0, 1));
    const few = await commandsFor(routes.slice(0, 2));
    const start = process.cpuUsage();
    t.is(await commandsFor(routes), few);
    const { user, system } = process.cpuUsage(start);
    t.true(few > 0);
    t.true((user + system) / 1000 < 3000, `${(user + system) / 1000} ms of CPU time`);
  },
);

rootTest('filters of others on lo stay, and so does the qdisc that they need', async (t) => {
  execFileSync('tc', ['qdisc', 'add', 'dev', 'lo', 'clsact']);
  execFileSync('tc', 'filter add dev lo ingress prio 9 protocol all u32 match u32 0 0 flowid 1:1'.split(' '));
  const path = await openAndSet();
  await path[Symbol.asyncDispose]();
  t.regex(execFileSync('tc', ['filter', 'show', 'dev', 'lo', 'ingress'], { encoding: 'utf8' }), /pref 9 u32/);
  execFileSync('tc', ['qdisc', 'del', 'dev', 'lo', 'clsact']);
});

rootTest('the next life takes the place of what a killed one left, and leaves nothing twice', async (t) => {
  const before = kernelState();
  const module = JSON.stringify(new URL('probe-path.js', import.meta.url).href);
  const script = `const { ProbePath } = await import(${module});
    const path = await ProbePath.open(${JSON.stringify({ interfaces: INTERFACES })});
    await path.set(${JSON.stringify(ROUTES)}, ${JSON.stringify(SOURCES)});
    process.kill(process.pid, 'SIGKILL');`;
  const [, signal] = await once(
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' }),
    'exit',
  );
  t.is(signal, 'SIGKILL');
  const left = kernelState();
  t.regex(left, /weir_probe/);
  const path = await openAndSet();
  t.is(kernelState(), left);
  await path[Symbol.asyncDispose]();
  t.is(kernelState(), before);
});

rootTest('an interface that is missing is named, and nothing is left', async (t) => {
  const before = kernelState();
  const path = await ProbePath.open({ interfaces: ['nowhere'] });
  await t.throwsAsync(path.set(ROUTES, SOURCES), { code: 'INTERFACE_MISSING', message: /"nowhere"/ });
  await path[Symbol.asyncDispose]();
  await t.throwsAsync(path.set(ROUTES, SOURCES), { code: 'DATAPLANE_CLOSED' });
  t.is(kernelState(), before);
});

rootTest('where BPF is not permitted, that is said', async (t) => {
  const module = JSON.stringify(new URL('probe-path.js', import.meta.url).href);
  const script = `const { ProbePath } = await import(${module});
    await ProbePath.open({ interfaces: ['weir-p0'] }).catch((error) => console.log(error.code, error.message));`;
  const output = execFileSync(
    'setpriv',
    ['--bounding-set', '-all', '--inh-caps', '-all', process.execPath, '--input-type=module', '-e', script],
    { encoding: 'utf8' },
  );
  t.regex(output, /^BPF_NOT_PERMITTED .*CAP_BPF/);
});

rootTest('the verifier is done with the program soon', (t) => {
  using object = new BpfObject(new URL('../../obj/probe.bpf.o', import.meta.url).pathname);
  object.load();
  const instructions = object.verifiedInstructions('weir_probe');
  t.log(`${instructions} instructions`);
  t.true(instructions < VERIFIED_INSTRUCTIONS_MAX);
});
