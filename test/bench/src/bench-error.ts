import { WeirError } from '@weir/errors';

export type BenchErrorCode =
  | 'BENCH_OPTION_INVALID'
  | 'BENCH_OUTPUT_UNREADABLE'
  | 'BENCH_PATH_BROKEN'
  | 'BENCH_NOT_ROOT'
  | 'BENCH_VERDICT_UNEXPECTED'
  | 'BENCH_TABLES_DIFFER'
  | 'BENCH_SYSTEM_CALL_FAILED';

/** A benchmark that cannot run, or whose figures would mean something else than they say. */
export class BenchError extends WeirError {
  declare readonly code: BenchErrorCode;

  constructor(code: BenchErrorCode, message: string, options?: ConstructorParameters<typeof WeirError>[2]) {
    super(code, message, options);
  }
}
