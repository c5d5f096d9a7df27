import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BenchError } from '../bench-error.js';

const OBJECT = fileURLToPath(new URL('../obj/weir.bpf.o', import.meta.resolve('@weir/dataplane')));
const PIN_DIRECTORY = '/sys/fs/bpf/verifier';
const LOG_BYTES_MAX = 1 << 28;

/** What the kernel's verifier had to do to accept a program. */
export interface VerifierEffort {
  readonly program: string;
  /** Instructions that it went through, over all ways through the program. */
  readonly processed: number;
  /** Where it gives up. */
  readonly limit: number;
}

/** Loads the data plane's programs with bpftool, which shows the verifier's log. */
export function measureVerifierEffort(): VerifierEffort[] {
  const { stderr, status } = spawnSync('bpftool', ['-d', 'prog', 'loadall', OBJECT, PIN_DIRECTORY], {
    encoding: 'utf8',
    maxBuffer: LOG_BYTES_MAX,
  });
  const efforts = parseVerifierEffort(stderr ?? '');
  if (status === 0 && efforts.length > 0) return efforts;
  throw new BenchError(
    'BENCH_OUTPUT_UNREADABLE',
    `expected bpftool (Debian package bpftool) to load ${OBJECT} and show the verifier's log; it exited with ${status}`,
  );
}

/** Reads libbpf's debug output: a log for each program, the verifier's count at its end. */
export function parseVerifierEffort(log: string): VerifierEffort[] {
  const pattern = /prog '([^']+)': -- BEGIN PROG LOAD LOG --[\s\S]*?processed (\d+) insns \(limit (\d+)\)/g;
  return [...log.matchAll(pattern)].map(([, program = '', processed, limit]) => ({
    program,
    processed: Number(processed),
    limit: Number(limit),
  }));
}
