import { fileURLToPath } from 'node:url';
import { BpfObject } from '@weir/dataplane';

const OBJECT = fileURLToPath(new URL('../obj/weir.bpf.o', import.meta.resolve('@weir/dataplane')));
const PROGRAMS = ['weir', 'weir_seldom', 'start_clock'] as const;
/** BPF_COMPLEXITY_LIMIT_INSNS of linux/bpf.h. */
const INSTRUCTIONS_MAX = 1_000_000;

/** What the kernel's verifier had to do to accept a program. */
export interface VerifierEffort {
  readonly program: string;
  /** Instructions that it went through, over all paths. */
  readonly processed: number;
  /** Most that it goes through before it gives up. */
  readonly limit: number;
}

/** Loads the data plane's programs, and asks the kernel what that took. */
export function measureVerifierEffort(): VerifierEffort[] {
  using object = new BpfObject(OBJECT);
  object.load();
  return PROGRAMS.map((program) => ({
    program,
    processed: object.verifiedInstructions(program),
    limit: INSTRUCTIONS_MAX,
  }));
}
