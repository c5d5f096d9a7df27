import test from 'ava';
import { parseVerifierEffort } from './verifier-effort.js';

const log = `libbpf: prog 'weir': found map 7 (drops, sec 9, off 272) for insn #23
libbpf: prog 'start_clock': -- BEGIN PROG LOAD LOG --
func#0 @0
processed 38 insns (limit 1000000) max_states_per_insn 0 total_states 3 peak_states 3 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'weir': -- BEGIN PROG LOAD LOG --
func#0 @0
processed 10434 insns (limit 1000000) max_states_per_insn 11 total_states 314 peak_states 297 mark_read 0
-- END PROG LOAD LOG --
`;

test('each program has the count at the end of its own log', (t) => {
  t.deepEqual(parseVerifierEffort(log), [
    { program: 'start_clock', processed: 38, limit: 1_000_000 },
    { program: 'weir', processed: 10_434, limit: 1_000_000 },
  ]);
});

test('output without a log has no effort in it', (t) => {
  t.deepEqual(parseVerifierEffort('Error: failed to load object file\n'), []);
});
