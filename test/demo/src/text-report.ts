import Table from 'cli-table3';
import pc from 'picocolors';
import type { Report, ReportTable } from './report.js';

/** For a person at a terminal; times count from the start. */
export class TextReport implements Report {
  readonly #write: (text: string) => void;
  readonly #startedMs = performance.now();
  #steps = 0;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  step(title: string, text?: string): void {
    this.#steps++;
    this.#write(`\n${pc.bold(`${this.#steps}. ${title}`)} ${pc.dim(this.#time())}\n`);
    if (text !== undefined) this.#write(`${pc.dim(text)}\n`);
  }

  saw(text: string): void {
    this.#write(`   ${text.replaceAll('\n', '\n   ')}\n`);
  }

  table(title: string, { head, rows }: ReportTable): void {
    const table = new Table({ head: [...head], style: { head: [], border: [], compact: true } });
    for (const row of rows) table.push([...row]);
    this.saw(`${title}\n${table.toString()}`);
  }

  check(isSo: boolean, text: string): void {
    this.#write(`   ${isSo ? pc.green('ok') : pc.red('FAILED')}  ${text}\n`);
  }

  #time(): string {
    return `[${((performance.now() - this.#startedMs) / 1000).toFixed(1)} s]`;
  }
}
