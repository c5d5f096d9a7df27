import type { Report, ReportTable } from './report.js';

/** For programs: an object a line, in the order in which things happened. `atMs` counts from the start. */
export class JsonReport implements Report {
  readonly #write: (text: string) => void;
  readonly #startedMs = performance.now();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  step(title: string): void {
    this.#line({ kind: 'step', title });
  }

  saw(text: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.#line({ kind: 'saw', text, ...data });
  }

  table(title: string, { head, rows }: ReportTable): void {
    this.#line({
      kind: 'table',
      title,
      rows: rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]]))),
    });
  }

  check(ok: boolean, text: string, data: Readonly<Record<string, unknown>> = {}): void {
    this.#line({ kind: 'check', ok, text, ...data });
  }

  #line(event: object): void {
    this.#write(`${JSON.stringify({ atMs: Math.round(performance.now() - this.#startedMs), ...event })}\n`);
  }
}
