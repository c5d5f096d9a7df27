import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { EXAMPLES, MAIN, runInShell, runWeirctl, TIMEOUT_MS } from './test-support/run-weirctl.js';

const directory = mkdtempSync(join(tmpdir(), 'weirctl-'));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

let files = 0;
/** A file with this text; returns its path. */
function fileOf(text: string, extension = 'yaml'): string {
  const file = join(directory, `${files++}.${extension}`);
  writeFileSync(file, text);
  return file;
}

const service = (name: string, port: number, secondChance = '{}') =>
  `  - { name: ${name}, vip: 198.51.100.10, port: ${port}, method: gue, secondChance: ${secondChance}, backends: [ { address: 10.3.0.1 }, { address: 10.3.0.2 } ] }\n`;
const documentOf = (...services: readonly string[]) => `node: { interfaces: [eth0] }\nservices:\n${services.join('')}`;

test('without a command the help comes, on the standard error, and 2', (t) => {
  const { status, stdout, stderr } = runWeirctl();
  t.is(status, 2);
  t.is(stdout, '');
  t.regex(stderr, /director .*second chance/);
  t.regex(stderr, /Exit codes:/);
});

test('what npm links is there before anything is built, and can be run', (t) => {
  const { bin } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  t.deepEqual(Object.keys(bin), ['weirctl']);
  const linked = fileURLToPath(new URL(`../${bin.weirctl}`, import.meta.url));
  t.is(linked, MAIN);
  t.false(linked.includes('/dist/'));
  const { status, stdout } = spawnSync(linked, ['--help'], { encoding: 'utf8' });
  t.is(status, 0);
  t.regex(stdout, /^Usage: weirctl /);
});

test('an unknown command is refused, and the nearest is named', (t) => {
  t.like(runWeirctl('direktor'), {
    status: 2,
    stderr: "error: unknown command 'direktor'\n(Did you mean director?)\n",
  });
  t.like(runWeirctl('director', 'plann'), {
    status: 2,
    stderr: "error: unknown command 'plann'\n(Did you mean plan?)\n",
  });
  t.regex(
    runWeirctl('director', 'plan', 'a', 'b', '--flow', '1').stderr,
    /unknown option '--flow'\n\(Did you mean --flows\?\)/,
  );
});

test('an option with a wrong value is refused, and says which would be right', (t) => {
  const plan = (...options: readonly string[]) =>
    runWeirctl('director', 'plan', 'current.yaml', 'wanted.yaml', ...options);
  t.regex(
    plan('--fill', '90').stderr,
    /argument '90' is invalid\. Write a number with its unit, such as 90s, 15m or 1h\./,
  );
  t.regex(plan('-o', 'xml').stderr, /argument 'xml' is invalid\. Allowed choices are text, json, yaml\./);
  t.is(plan('-o', 'xml').status, 2);
  t.like(plan('--flows', 'web9=5'), {
    status: 2,
    stderr:
      'weirctl: --flows web9=: no member in force is called or has the address "web9"; there are web1, web2, web3, web4\n',
  });
});

test('a service that is not there is answered with those that are', (t) => {
  const two = fileOf(documentOf(service('web', 80), service('mail', 25)));
  t.like(runWeirctl('director', 'plan', two, two), {
    status: 2,
    stderr: `weirctl: ${two} has several services with second chance; pick one with --service: web, mail\n`,
  });
  t.like(runWeirctl('director', 'plan', two, two, '--service', 'shop'), {
    status: 2,
    stderr: `weirctl: ${two} has no service "shop" with second chance; it has web, mail\n`,
  });
  t.like(runWeirctl('director', 'plan', two, two, '--service', 'mail'), {
    status: 0,
    stdout: 'Service mail: 3 choices, so 2 members may be in motion at once\nNothing is to change.\n',
  });
});

test('tables without a common row can not be planned from one to the other', (t) => {
  const current = fileOf(documentOf(service('web', 80)));
  const refusal = (secondChance: string) =>
    runWeirctl('director', 'plan', current, fileOf(documentOf(service('web', 80, secondChance))));
  t.is(refusal('{ choices: 2 }').status, 78);
  t.regex(refusal('{ choices: 2 }').stderr, /"web": the number of choices is 3 in .* and 2 in .*; change it alone/);
  t.regex(
    refusal('{ hashFields: [source] }').stderr,
    /the hash fields are source, .* and source in .*as alternative fields/,
  );
  t.regex(
    refusal('{ seed: 00112233445566778899aabbccddeeff }').stderr,
    /the seed is one in .* and another in .*; .* keep the seed/,
  );
});

test('a wrong weir.yaml is refused with place, value and line', (t) => {
  const file = fileOf(documentOf(service('web', 80)).replace('10.3.0.2', '10.3.2'));
  t.like(runWeirctl('director', 'plan', file, file), {
    status: 78,
    stdout: '',
    stderr: `weirctl: services[0].backends[1].address: "10.3.2" is not an IP address (file ${file}, line 3)\n`,
  });
});

test('files that can not be read or written are named, with what to look at', (t) => {
  const { status, stderr } = runWeirctl('director', 'import', '/nowhere/forwarding_table.json');
  t.is(status, 78);
  t.regex(
    stderr,
    /^weirctl: \/nowhere\/forwarding_table\.json can't be read \(.*\); check the path and who may read it\n$/,
  );
  const written = runWeirctl('director', 'export', 'current.yaml', '/nowhere/table.bin');
  t.is(written.status, 1);
  t.regex(written.stderr, /^weirctl: \/nowhere\/table\.bin can't be written \(.*\); check that its directory exists/);
});

test('a weir.yaml without second chance has nothing to export', (t) => {
  const file = fileOf(documentOf(service('web', 80)).replace('method: gue, secondChance: {}, ', ''));
  t.like(runWeirctl('director', 'export', file, join(directory, 'table.bin')), {
    status: 78,
    stderr: `weirctl: ${file} has no service with secondChance, and GLB's tables are of such; give one secondChance: {}\n`,
  });
});

test('IPv6 backends are not exported: no file is written', (t) => {
  const text = documentOf(service('web', 80)).replaceAll('10.3.0.', 'fd00::');
  const table = join(directory, 'ipv6.bin');
  t.like(runWeirctl('director', 'export', fileOf(text), table), {
    status: 78,
    stdout: '',
    stderr:
      "weirctl: tables[0]: backend fd00::1 is IPv6; GLB's directors send over IPv4 alone, whatever they forward\n",
  });
  t.false(existsSync(table));
});

/** Files that GLB's own tool made of the same description. */
const glbVectors = JSON.parse(
  readFileSync(new URL('../../director/test-data/glb-vectors.json', import.meta.url), 'utf8'),
) as { readonly tables: Record<string, { readonly config: object; readonly file_sha256: string }> };

// weir.yaml says nothing of health.
const importable = Object.entries(glbVectors.tables).filter(([situation]) => situation !== 'five_one_unhealthy');
for (const [situation, { config, file_sha256: sha256 }] of importable) {
  test(`what was imported is exported as the very file that GLB makes: ${situation.replaceAll('_', ' ')}`, (t) => {
    const imported = runWeirctl('director', 'import', fileOf(JSON.stringify({ tables: [config] }), 'json'));
    t.like(imported, { status: 0, stderr: '' });
    const yaml = fileOf(`node: { interfaces: [eth0] }\n${imported.stdout}`);
    const table = join(directory, `${situation}.bin`);
    t.like(runWeirctl('director', 'export', yaml, table), { status: 0, stderr: '' });
    t.is(createHash('sha256').update(readFileSync(table)).digest('hex'), sha256);
  });
}

test("GLB's director.conf says which fields are hashed", (t) => {
  const conf = fileOf(
    '{ "hash_fields": { "src_addr": true, "src_port": true }, "alt_hash_fields": { "src_addr": true } }',
    'conf',
  );
  const { stdout } = runWeirctl('director', 'import', 'forwarding_table.json', '--director-conf', conf, '-o', 'json');
  t.like((JSON.parse(stdout) as { services: [{ secondChance: object }] }).services[0].secondChance, {
    hashFields: ['source', 'sourcePort'],
    alternativeHashFields: ['source'],
  });
});

test('binds of networks, unhealthy backends and tables of nobody are told as not carried over', (t) => {
  const config = JSON.parse(readFileSync(join(EXAMPLES, 'forwarding_table.checked.json'), 'utf8')) as {
    tables: { binds: object[]; backends: object[] }[];
  };
  const [table] = config.tables;
  const json = fileOf(
    JSON.stringify({
      tables: [
        { ...table, binds: [...(table?.binds ?? []), { ip: '198.51.100.128/25', proto: 'udp', port: 53 }] },
        { ...table, name: 'nobody', backends: [] },
        { ...table, name: 'nowhere', binds: [{ ip: '2001:db8::/64', proto: 'tcp', port: 80 }] },
      ],
    }),
    'json',
  );
  const { stdout } = runWeirctl('director', 'import', json, '-o', 'json');
  const result = JSON.parse(stdout) as { services: { name: string }[]; notCarriedOver: { path: string }[] };
  t.deepEqual(
    result.services.map(({ name }) => name),
    ['web'],
  );
  t.deepEqual(
    result.notCarriedOver.map(({ path }) => path),
    [
      'tables[0].binds[3].ip',
      'tables[0].backends[1].healthy',
      'tables[1]',
      'tables[2].binds[0].ip',
      'tables[2].backends[1].healthy',
      'tables[2]',
    ],
  );
});

test('a reader that has had enough is no error', (t) => {
  const pipe = 'set -o pipefail; weirctl director import forwarding_table.json 2>/dev/null | true; echo $?';
  t.is(runInShell(pipe, EXAMPLES), '0\n');
});

test('only a terminal gets colours, and not with NO_COLOR; a pipe gets none in CI either', (t) => {
  const command = [process.execPath, MAIN, 'director', 'plan', 'current.yaml', 'wanted.yaml'];
  const onTerminal = (env: NodeJS.ProcessEnv) =>
    spawnSync('/usr/bin/python3', ['-c', 'import pty, sys; pty.spawn(sys.argv[1:])', ...command], {
      encoding: 'utf8',
      cwd: EXAMPLES,
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    }).stdout;
  const colour = '\u001b[';
  t.true(onTerminal({}).includes(colour));
  t.false(onTerminal({ NO_COLOR: '1' }).includes(colour));
  for (const environment of ['', 'CI=true ', 'CI=true FORCE_COLOR=1 ']) {
    const piped = runInShell(`${environment}weirctl director plan current.yaml wanted.yaml`, EXAMPLES);
    t.regex(piped, /\S/);
    t.false(piped.includes(colour), environment);
  }
});
