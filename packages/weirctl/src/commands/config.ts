import { GetConfigResponse, ServerService } from '@weir/admin-api';
import { Argument, Command } from 'commander';
import { actionCommand } from '../client/action-command.js';
import { viewCommand } from '../client/view-command.js';

/** `weirctl config show|check` */
export function configCommand(): Command {
  return new Command('config')
    .description('the configuration in force, and whether a file would be one')
    .addCommand(
      viewCommand<GetConfigResponse>(
        new Command('show').description('what is in force now, as weir.yaml would have it; secrets are left out'),
        {
          read: (client) => client.call(ServerService.getConfig, {}),
          values: (config) => GetConfigResponse.toJSON(config),
          text: ({ yaml, file }, colours) => `${colours.dim(`# began with ${file}`)}\n${yaml.trimEnd()}`,
        },
      ),
    )
    .addCommand(
      new Command('check')
        .description('whether a weir.yaml is valid; asks no node')
        .argument('<file>', 'a weir.yaml')
        .action(async (file: string) => {
          // Schemas take longer to load than most commands run.
          const { loadNodeConfig } = await import('@weir/control');
          const { services } = await loadNodeConfig(file);
          process.stdout.write(`${file} is valid: ${services.length} services\n`);
        }),
    );
}

/** `weirctl log-level LEVEL` */
export function logLevelCommand(): Command {
  const command = new Command('log-level')
    .description('of the node, until it is restarted or its configuration changes')
    .addArgument(new Argument('<level>', 'how much it says').choices(['trace', 'debug', 'info', 'warn', 'error']));
  return actionCommand(command, async (client, [level = '']) => {
    const answer = await client.call(ServerService.setLogLevel, { level });
    return `the node logs from level ${answer.level} on`;
  });
}
