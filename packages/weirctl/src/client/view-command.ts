import { setTimeout as wait } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { Colours } from '../colours.js';
import { durationArgument } from '../duration-argument.js';
import { type OutputFormat, outputOption, printResult } from '../output.js';
import { AdminClient } from './admin-client.js';
import { type ConnectionOptions, connecting } from './connection-options.js';
import { interruption } from './interruption.js';

/** A command that shows something of a node. */
export interface View<Result, Options> {
  /** Asks the node. */
  read(client: AdminClient, options: Options, args: readonly string[]): Promise<Result>;
  /** For programs: as the API's JSON has it. */
  values(result: Result): unknown;
  /** For people; ends without a line break. */
  text(result: Result, colours: Colours, options: Options): string;
}

interface ViewOptions extends ConnectionOptions {
  readonly output: OutputFormat;
  readonly watch?: number | true;
}

const WATCH_MS = 2000;
/** Cursor to the left upper corner, and what is below it erased. */
const CLEAR = '\x1b[H\x1b[2J';

/** Makes a command show its view once, or with --watch again and again until Ctrl-C. */
export function viewCommand<Result, Options extends object = object>(
  command: Command,
  view: View<Result, Options>,
): Command {
  command
    .addOption(outputOption())
    .addOption(
      new Option('-w, --watch [interval]', 'show it again and again; every 2s unless said otherwise').argParser(
        durationArgument,
      ),
    )
    .action(async () => {
      const options = command.opts<ViewOptions & Options>();
      using client = new AdminClient(options);
      const show = async () => {
        const result = await view.read(client, options, command.args);
        const values = view.values(result) as object;
        return () => printResult(options.output, values, (colours) => view.text(result, colours, options));
      };
      if (options.watch === undefined) return void (await show())();
      using interrupted = interruption();
      const intervalMs = options.watch === true ? WATCH_MS : options.watch;
      while (!interrupted.signal.aborted) {
        const print = await show();
        if (process.stdout.isTTY && options.output === 'text') process.stdout.write(CLEAR);
        print();
        await wait(intervalMs, undefined, { signal: interrupted.signal }).catch(() => {});
      }
    });
  return connecting(command);
}
