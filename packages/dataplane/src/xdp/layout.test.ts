import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FLOW_IMAGE_BYTES, FlowImageField } from '@weir/packet';
import test from 'ava';
import { dropReasons } from '../drop-reason.js';
import {
  Answer,
  AnswerAddresses,
  Attempts,
  Backend,
  BackendCpu,
  BUCKET_ENTRIES,
  CHOICES_MAX,
  Connections,
  Cost,
  DIRECTORY_BUCKET_BYTES,
  DirectoryEntry,
  DROPS_BYTES,
  FLOW_KEY_WORDS,
  FLOW_SET_BYTES,
  FLOW_WAYS,
  Flow,
  flowStates,
  HASH_ALTERNATIVE_SHIFT,
  HashFieldBit,
  LAYOUT_VERSION,
  LOCAL_ADDRESSES_MAX,
  MethodCode,
  Network,
  NO_BACKEND,
  NO_WAY_OUT,
  OVERFLOWS_PER_LINE,
  OWN_MACS_MAX,
  Permission,
  Pick,
  PortRangeEntry,
  PROBES_MAX,
  RANGE_LINE_BYTES,
  RANGE_LINES_MAX,
  RANGES_PER_LINE,
  ROW_KEPT,
  ROW_LINE_BYTES,
  ROWS_PER_LINE,
  SETTLED_FRAME_MAX,
  Service,
  Settings,
  Settlement,
  SettleRun,
  SettleWhat,
  SharingCounts,
  SOURCE_SET_BYTES,
  State,
  settleResults,
  TABLE_OF_CHOICES,
  Translation,
  UNRESOLVED_MAX,
  Unresolved,
  USES_PER_LINE,
  Vlan,
  WAY_OUT_BITS,
  WAY_OUT_BYTES,
  WAYS_OUT_MAX,
} from './layout.js';

/** A type in `bpftool btf dump -j`; bits_offset is of a struct's member. */
interface BtfType {
  readonly id: number;
  readonly kind: string;
  readonly name: string;
  readonly size?: number;
  readonly type_id?: number;
  readonly nr_elems?: number;
  readonly members?: readonly { readonly name: string; readonly type_id: number; readonly bits_offset: number }[];
}

const object = fileURLToPath(new URL('../../obj/weir.bpf.o', import.meta.url));
const header = ['backend.h', 'tables.h']
  .map((name) => readFileSync(new URL(`../../bpf/lib/${name}`, import.meta.url), 'utf8'))
  .join('');
const { types } = JSON.parse(execFileSync('bpftool', ['-j', 'btf', 'dump', 'file', object], { encoding: 'utf8' })) as {
  types: readonly BtfType[];
};

/** Offsets of a struct in the object, as layout.ts writes them: camelCase names, `bytes` for the size. */
function offsetsInObject(name: string): Record<string, number | undefined> {
  const struct = types.find((type) => type.kind === 'STRUCT' && type.name === name);
  return { ...Object.fromEntries(membersOf(struct)), bytes: struct?.size };
}

/** Those of a struct or union without a name are its own. */
function membersOf(struct: BtfType | undefined, base = 0): [name: string, offset: number][] {
  return (struct?.members ?? []).flatMap(({ name, type_id, bits_offset }) => {
    const offset = base + bits_offset / 8;
    const isNamed = name !== '' && name !== '(anon)';
    return isNamed
      ? [[camelCase(name), offset]]
      : membersOf(
          types.find(({ id }) => id === type_id),
          offset,
        );
  });
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

const structs: readonly (readonly [string, Readonly<Record<string, number>>])[] = [
  ['settings', Settings],
  ['state', State],
  ['directory_entry', DirectoryEntry],
  ['port_range', PortRangeEntry],
  ['service', Service],
  ['backend', Backend],
  ['connections', Connections],
  ['attempts', Attempts],
  ['unresolved', Unresolved],
  ['flow', Flow],
  ['translation', Translation],
  ['answer', Answer],
  ['answer_addresses', AnswerAddresses],
  ['network', Network],
  ['vlan', Vlan],
  ['flow_image', { bytes: FLOW_IMAGE_BYTES, ...FlowImageField }],
  ['sharing_counts', SharingCounts],
  ['settlement', Settlement],
  ['settle_run', SettleRun],
];

for (const [name, layout] of structs) {
  test(`struct ${name} has the offsets that are written by`, (t) => {
    t.like(offsetsInObject(name), layout);
  });
}

test('struct backend_cpu has the offsets that are read by', (t) => {
  const { bytesCounted, bytes, ...others } = BackendCpu;
  const members = types.find((type) => type.kind === 'STRUCT' && type.name === 'backend_cpu')?.members;
  t.is(members?.find((member) => member.name === 'bytes')?.bits_offset, bytesCounted * 8);
  t.is(types.find((type) => type.kind === 'STRUCT' && type.name === 'backend_cpu')?.size, bytes);
  t.like(offsetsInObject('backend_cpu'), others);
});

test('buckets, row lines and drop counters have the sizes that maps are made with', (t) => {
  t.is(offsetsInObject('directory_bucket').bytes, DIRECTORY_BUCKET_BYTES);
  t.is(DIRECTORY_BUCKET_BYTES, BUCKET_ENTRIES * DirectoryEntry.bytes);
  t.is(offsetsInObject('row_line').bytes, ROW_LINE_BYTES);
  t.is(ROW_LINE_BYTES, ROWS_PER_LINE * 2);
  t.is(offsetsInObject('drops').bytes, DROPS_BYTES);
  t.is(offsetsInObject('range_line').bytes, RANGE_LINE_BYTES);
  t.is(offsetsInObject('use_line').bytes, USES_PER_LINE);
  t.is(offsetsInObject('flow_set').bytes, FLOW_SET_BYTES);
  t.is(FLOW_SET_BYTES, FLOW_WAYS * Flow.bytes);
  t.is(offsetsInObject('source_set').bytes, SOURCE_SET_BYTES);
  t.is(offsetsInObject('way_out').bytes, WAY_OUT_BYTES);
});

/** Names of an enum in the headers, in order; constants are not in the object's BTF. */
function namesOfEnum(name: string): string[] {
  const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? '';
  return [...body.matchAll(/^\s*([A-Z][A-Z0-9_]+)\b/gm)].map(([, constant]) => constant as string);
}

test('drop reasons stand in the order of the program', (t) => {
  const names = namesOfEnum('drop_reason').filter((name) => name !== 'DROP_REASONS');
  t.deepEqual(
    names.map((name) => name.slice('DROP_'.length).toLowerCase()),
    [...dropReasons],
  );
});

test('constants have the values of the program', (t) => {
  const defined = Object.fromEntries(
    [...header.matchAll(/^#define (\w+) (0x\w+|\d+)/gm)].map(([, name, value]) => [name, Number(value)]),
  );
  t.like(defined, {
    LAYOUT_VERSION,
    BUCKET_ENTRIES,
    PROBES_MAX,
    ROWS_PER_LINE,
    NO_BACKEND,
    ROW_KEPT,
    OWN_MACS_MAX,
    LOCAL_ADDRESSES_MAX,
    FLOW_KEY_WORDS,
    FLOW_WAYS,
    TABLE_OF_CHOICES,
    CHOICES_MAX,
    HASH_ALTERNATIVE_SHIFT,
    HASH_SOURCE: HashFieldBit.source,
    HASH_DESTINATION: HashFieldBit.destination,
    HASH_SOURCE_PORT: HashFieldBit.sourcePort,
    HASH_DESTINATION_PORT: HashFieldBit.destinationPort,
    RANGES_PER_LINE,
    RANGE_LINES_MAX,
    USES_PER_LINE,
    OVERFLOWS_PER_LINE,
    UNRESOLVED_MAX,
    SETTLED_FRAME_MAX,
    WAY_OUT_BITS,
    WAYS_OUT_MAX,
    NO_WAY_OUT,
  });
});

test('enumerations have the numbers of the program', (t) => {
  const numbersOf = (name: string, prefix: string): Record<string, number> => {
    const body = new RegExp(`enum ${name} \\{([^}]*)\\}`).exec(header)?.[1] ?? '';
    let next = 0;
    return Object.fromEntries(
      [...body.replace(/\/\*.*?\*\//g, '').matchAll(/\b([A-Z][A-Z0-9_]+)(?: = (\d+))?/g)].map(([, constant, value]) => {
        next = value === undefined ? next : Number(value);
        return [camelCase((constant as string).slice(prefix.length).toLowerCase()), next++];
      }),
    );
  };
  t.deepEqual(numbersOf('method', 'METHOD_'), { ...MethodCode });
  t.deepEqual(numbersOf('pick', 'PICK_'), { ...Pick });
  t.deepEqual(numbersOf('cost', 'COST_'), { ...Cost });
  t.deepEqual(numbersOf('permission', 'PERMISSION_'), { ...Permission });
  t.deepEqual(numbersOf('settle_what', 'SETTLE_'), { ...SettleWhat });
  t.deepEqual(
    Object.keys(numbersOf('settle_result', 'SETTLED_')),
    settleResults.map((name) => camelCase(name)),
  );
  const { states, ...numbers } = numbersOf('flow_state', 'FLOW_');
  t.is(Object.keys(numbers).length, flowStates.length);
  t.like(numbers, { none: 0, syn: flowStates.indexOf('syn'), answer: flowStates.indexOf('answer') });
  t.is(states, 16);
});
