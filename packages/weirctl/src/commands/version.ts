import { readFileSync } from 'node:fs';
import { ServerService } from '@weir/admin-api';
import { Command } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { WeirctlError } from '../weirctl-error.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** `weirctl version` */
export function versionCommand(): Command {
  const command = new Command('version').description('of this command, and of the node').action(async () => {
    process.stdout.write(`weirctl ${version}\n`);
    using client = new AdminClient(command.opts<ConnectionOptions>());
    try {
      const info = await client.call(ServerService.getServerInfo, {});
      process.stdout.write(`${info.node} ${info.version}\n`);
    } catch (error) {
      if (!(error instanceof WeirctlError)) throw error;
      // Its own version was asked for, too.
      process.stderr.write(`weirctl: ${error.message}\n`);
    }
  });
  return connecting(command);
}
