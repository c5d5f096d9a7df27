import type { HttpResult } from '@weir/lab';

/** A table for people. */
export interface ReportTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Tells what happens, as it happens. */
export interface Report {
  /** A part of the story begins: what is going to happen, and what to look at. */
  step(title: string, text?: string): void;
  /** Something that was seen. `data` is the same for programs. */
  saw(text: string, data?: Readonly<Record<string, unknown>>): void;
  table(title: string, table: ReportTable): void;
  /** Something that has to be so. The demo fails when it is not. */
  check(isSo: boolean, text: string, data?: Readonly<Record<string, unknown>>): void;
}

/** A result in one line. */
export function sentenceOf({ requests, failed, errors, slowestMs }: HttpResult): string {
  const what = Object.entries(errors).map(([error, count]) => `${count} x ${error}`);
  return `${requests} requests, ${failed} failed${failed > 0 ? ` (${what.join(', ')})` : ''}, the slowest took ${slowestMs} ms`;
}
