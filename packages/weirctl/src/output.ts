import { Option } from 'commander';
import { stringify } from 'yaml';
import { type Colours, outputColours } from './colours.js';

/** How a command prints its result: for people, or for programs. */
export type OutputFormat = 'text' | 'json' | 'yaml';

/** The option that every command with a result has. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'text for people, json or yaml for programs')
    .choices(['text', 'json', 'yaml'] satisfies OutputFormat[])
    .default('text');
}

/**
 * Prints a result to the standard output: whole as JSON or YAML, or as text that is coloured only on a terminal (and there
 * not with NO_COLOR).
 * @param text  ends without a line break
 */
export function printResult(format: OutputFormat, result: object, text: (colours: Colours) => string): void {
  process.stdout.write(`${renderResult(format, result, text)}\n`);
}

/** As {@link printResult} prints it, without the last line break. */
export function renderResult(format: OutputFormat, result: object, text: (colours: Colours) => string): string {
  switch (format) {
    case 'json':
      return JSON.stringify(result, undefined, 2);
    case 'yaml':
      return stringify(result, { lineWidth: 0 }).trimEnd();
    case 'text':
      return text(outputColours);
  }
}
