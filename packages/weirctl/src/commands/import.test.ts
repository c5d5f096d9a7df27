import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { checkServices } from '../test-support/list-balancer.js';
import { runWeirctl } from '../test-support/run-weirctl.js';

const directory = mkdtempSync(join(tmpdir(), 'weirctl-import-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

test('import ipvsadm prints a weir.yaml, and what is not in it on the standard error and at its head', (t) => {
  const { status, stdout, stderr } = runWeirctl('import', 'ipvsadm', 'ipvsadm.rules');
  t.is(status, 0);
  t.regex(stderr, /^Not carried over:\n {2}line 4: -f 1: which packets have the mark/);
  t.regex(stdout, /^# Made of ipvsadm\.rules by weirctl import\./);
  t.regex(stdout, /^# {3}line 4: -f 1: which packets/m);
  t.deepEqual(
    checkServices(parse(stdout)).services.map(({ name }) => name),
    ['tcp-198.51.100.1-443'],
  );
});

test('import with -o writes the file whole, and prints only what is not in it', (t) => {
  const file = join(directory, 'weir.yaml');
  writeFileSync(file, 'what was there');
  const { status, stdout } = runWeirctl('import', 'ipvsadm', 'ipvsadm.rules', '--iptables', 'marks.rules', '-o', file);
  t.is(status, 0);
  t.is(stdout, '');
  t.is(checkServices(parse(readFileSync(file, 'utf8'))).services.length, 2);
});

test('import keepalived counts the lines of the id that is given', (t) => {
  const file = join(directory, 'keepalived.conf');
  writeFileSync(
    file,
    '@a $VIP=198.51.100.1\n@b $VIP=198.51.100.2\nvirtual_server $VIP 80 {\n lb_algo rr\n real_server 10.0.0.1 80 { }\n}\n',
  );
  const vip = (id: string) => parse(runWeirctl('import', 'keepalived', file, '--config-id', id).stdout).services[0].vip;
  t.is(vip('a'), '198.51.100.1');
  t.is(vip('b'), '198.51.100.2');
});

test('a file that is not there, and one that can not be written, are named', (t) => {
  t.like(runWeirctl('import', 'keepalived', 'nowhere.conf'), { status: 78, stdout: '' });
  t.regex(runWeirctl('import', 'keepalived', 'nowhere.conf').stderr, /^weirctl: nowhere\.conf can't be read/);
  const { status, stderr } = runWeirctl('import', 'ipvsadm', 'ipvsadm.rules', '-o', join(directory, 'no/such/file'));
  t.is(status, 1);
  t.regex(stderr, /no\/such\/file can't be written/);
});

test('wrong arguments of ipvsadm end with 2, and what can not be done with 1, before any node is asked', (t) => {
  t.like(runWeirctl('ipvsadm', '-A', '-t', 'x'), { status: 2, stdout: '' });
  t.like(runWeirctl('ipvsadm', '--start-daemon', 'master'), { status: 1, stdout: '' });
  t.regex(runWeirctl('ipvsadm', '-h').stdout, /weirctl ipvsadm -A\|E virtual-service/);
});
