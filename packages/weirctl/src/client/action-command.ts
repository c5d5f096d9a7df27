import type { Command } from 'commander';
import { AdminClient } from './admin-client.js';
import { type ConnectionOptions, connecting } from './connection-options.js';

/**
 * Makes a command do something on a node, and print what became of it.
 * @param act  resolves to a line or several, without the last line break
 */
export function actionCommand<Options extends object>(
  command: Command,
  act: (client: AdminClient, args: readonly string[], options: Options) => Promise<string>,
): Command {
  command.action(async () => {
    const options = command.opts<Options & ConnectionOptions>();
    using client = new AdminClient(options);
    process.stdout.write(`${await act(client, command.args, options)}\n`);
  });
  return connecting(command);
}
