import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { DataplaneError, type DataplaneErrorCode } from '../dataplane-error.js';
import { Backend, MethodCode } from '../xdp/layout.js';
import { PROBE_MARKS, PROBE_NUMBER_MAX, probeMark } from './probe-mark.js';
import type { ProbeRoute } from './probe-route.js';
import { encodeProbeRoutes, PROBE_ROUTES_MAX, ProbeRouteRecord } from './probe-table.js';
import { OUTER_BYTES_MAX } from './routing-lines.js';

const SOURCES = { ipv4: '10.0.0.11' };

function route(changes: Partial<ProbeRoute> = {}): ProbeRoute {
  return { mark: probeMark(7), vip: '198.51.100.1', backend: '10.0.0.21', forwarding: { method: 'ipip' }, ...changes };
}

test('a route is stored under its mark, as the forwarding program has its backend', (t) => {
  const records = encodeProbeRoutes([route()], SOURCES, 3);
  t.deepEqual([...records.keys()], [0x57000007]);
  const record = Buffer.from(records.get(0x57000007) as Uint8Array);
  t.is(record.toString('hex', Backend.source, Backend.source + 4), '0a00000b');
  t.is(record.toString('hex', Backend.destination, Backend.destination + 4), '0a000015');
  t.is(record[Backend.outerFamily], 4);
  t.is(record[Backend.method], MethodCode.ipip);
  t.is(record.readUInt32LE(ProbeRouteRecord.arrivesOn), 3);
});

const refuses = test.macro((t, routes: readonly ProbeRoute[], code: DataplaneErrorCode, message: RegExp) => {
  const error = t.throws(() => encodeProbeRoutes(routes, SOURCES, 3), { instanceOf: DataplaneError, message });
  t.is(error?.code, code);
});

test('a mark of others is refused', refuses, [route({ mark: 7 })], 'TABLES_INVALID', /has the mark 7; take one of/);
test(
  'a mark is refused for two routes',
  refuses,
  [route(), route()],
  'TABLES_INVALID',
  /two probes have the mark 0x57000007/,
);
test(
  'a tunnel over a family that the node has no address of is refused',
  refuses,
  [route({ backend: 'fd00::21' })],
  'TABLES_INVALID',
  /needs an IPv6 source address/,
);
test(
  'a translating method is refused, as its backends do not have the VIP',
  refuses,
  [route({ forwarding: { method: 'nat' } })],
  'TABLES_INVALID',
  /the method nat needs no path of its own/,
);

test('a number beyond what a mark holds is refused', (t) => {
  t.is(probeMark(PROBE_NUMBER_MAX), 0x57ffffff);
  t.throws(() => probeMark(PROBE_NUMBER_MAX + 1), { code: 'TABLES_INVALID' });
});

test('the program has the same constants, and the same record', (t) => {
  const source = readFileSync(new URL('../../bpf/probe.bpf.c', import.meta.url), 'utf8');
  const defined = Object.fromEntries(
    [...source.matchAll(/^#define (\w+) (0x\w+|\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  t.like(defined, {
    PROBE_MARK_BASE: PROBE_MARKS.base,
    PROBE_MARK_MASK: PROBE_MARKS.mask,
    PROBE_ROUTES_MAX,
    OUTER_BYTES_MAX,
  });
  const object = fileURLToPath(new URL('../../obj/probe.bpf.o', import.meta.url));
  const text = execFileSync('bpftool', ['btf', 'dump', 'file', object], { encoding: 'utf8' });
  const struct =
    /STRUCT 'probe_route' size=(\d+)[^\n]*\n\t'backend'[^\n]*bits_offset=(\d+)\n\t'arrives_on'[^\n]*bits_offset=(\d+)/.exec(
      text,
    );
  const [bytes, backend, arrivesOn] = (struct ?? []).slice(1).map(Number);
  t.deepEqual(
    [bytes, backend, arrivesOn],
    [ProbeRouteRecord.bytes, ProbeRouteRecord.backend * 8, ProbeRouteRecord.arrivesOn * 8],
  );
});
