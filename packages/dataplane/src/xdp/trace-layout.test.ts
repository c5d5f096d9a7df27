import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Captured, CaptureSettings, TraceLog, TraceStepRecord, tracedIcmp, traceKinds } from './layout.js';

interface BtfType {
  readonly kind: string;
  readonly name: string;
  readonly members?: readonly { readonly name: string; readonly bits_offset: number }[];
}

/** Where members of a struct begin, in bytes, under the names that layout.ts gives them. */
function offsets(object: string, struct: string): Readonly<Record<string, number>> {
  const path = fileURLToPath(new URL(`../../obj/${object}.bpf.o`, import.meta.url));
  const output = execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', path], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const { types } = JSON.parse(output) as { readonly types: readonly BtfType[] };
  const members = types.find(({ kind, name }) => kind === 'STRUCT' && name === struct)?.members ?? [];
  const camelCase = (name: string) => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(members.map(({ name, bits_offset }) => [camelCase(name), bits_offset / 8]));
}

test('what a capture tells, and what it is told, lies where the program has it', (t) => {
  t.like(offsets('capture', 'captured'), Captured);
  t.like(offsets('capture', 'capture_settings'), CaptureSettings);
});

test('the steps of a trace lie where the program writes them', (t) => {
  const { bytes: logBytes, ...log } = TraceLog;
  const { bytes: stepBytes, ...step } = TraceStepRecord;
  t.like(offsets('trace', 'trace_log'), log);
  t.like(offsets('trace', 'trace_step'), step);
  t.is((logBytes - log.steps) % stepBytes, 0);
});

test('steps are numbered as the program numbers them', (t) => {
  const header = readFileSync(new URL('../../bpf/lib/trace.h', import.meta.url), 'utf8');
  const names = [...header.matchAll(/^\tTRACE_([A-Z_]+)(?: = 1)?,/gm)].map(([, name = '']) => name.toLowerCase());
  t.deepEqual(['none', ...names], [...traceKinds]);
  t.regex(header, /traced_icmp \{ TRACED_ECHO_REQUEST, TRACED_ICMP_ERROR, TRACED_ICMP_OTHER \}/);
  t.deepEqual([...tracedIcmp], ['echo_request', 'error', 'other']);
});
