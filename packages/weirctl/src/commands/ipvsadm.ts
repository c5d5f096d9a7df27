import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { AdminClient } from '../client/admin-client.js';
import { type ConnectionOptions, connecting } from '../client/connection-options.js';
import { usageText } from '../ipvsadm/ipvsadm-usage.js';

const RUNTIME_DIRECTORY = '/run/weir';

/** `weirctl ipvsadm`: its arguments are ipvsadm's, all of them; where the node is, the environment says. */
export function ipvsadmCommand(): Command {
  return new Command('ipvsadm')
    .description('takes the arguments of ipvsadm(8), and prints as it does; the node is that of WEIR_ADDRESS')
    .argument('[arguments...]', 'as ipvsadm has them; -h lists them')
    .usage('[arguments...]')
    .addHelpText('after', `\n${usageText}`)
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const [{ AdminBalancer }, { systemNames }, { systemMarks }, { rememberedFile }, { runIpvsadm }] =
        await Promise.all([
          import('../ipvsadm/admin-balancer.js'),
          import('../ipvsadm/name-lookup.js'),
          import('../ipvsadm/system-marks.js'),
          import('../ipvsadm/remembered-file.js'),
          import('../ipvsadm/run-ipvsadm.js'),
        ]);
      const connection = connectionOfEnvironment();
      using client = new AdminClient(connection);
      const warn = (line: string) => process.stderr.write(`${line}\n`);
      await runIpvsadm(words, {
        balancer: new AdminBalancer(client),
        store: rememberedFile(fileFor(connection)),
        names: systemNames,
        marks: () => systemMarks(warn),
        print: (line) => process.stdout.write(`${line}\n`),
        warn,
        readInput: () => text(process.stdin),
      });
    });
}

/** `-a` and `--timeout` mean something else here. */
function connectionOfEnvironment(): ConnectionOptions {
  return connecting(new Command()).parse([], { from: 'user' }).opts<ConnectionOptions>();
}

/** Beside the socket of the node; of each node elsewhere its own. */
function fileFor({ address }: ConnectionOptions): string {
  const socket = address.replace(/^unix:/, '');
  if (socket.startsWith('/')) return join(dirname(socket), 'ipvsadm.json');
  return join(RUNTIME_DIRECTORY, `ipvsadm-${address.replaceAll('/', '_')}.json`);
}
