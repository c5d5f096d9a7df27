#!/usr/bin/env node
import { loadNodeConfig } from '@weir/control';
import { ExitCode, exitCodeOf } from '@weir/daemon';
import { ProbePath, XdpDataplane } from '@weir/dataplane';
import { Command, CommanderError } from 'commander';
import { announceCommand } from './announce-command.js';
import { exitCodes } from './exit-codes.js';
import { leaveVrrp } from './leave-vrrp.js';
import { holdLocalAddresses } from './local-addresses.js';
import { keepResolved } from './next-hops.js';
import { printCounters } from './print-counters.js';
import { runNode } from './run-node.js';
import { refuseStrayPackets } from './stray-packets.js';
import { VERSION } from './version.js';

const DEFAULT_FILE = '/etc/weir/weir.yaml';

const program = new Command('lb-node')
  .description('The node of a Weir load balancer: forwards in the kernel, announces VIPs over BGP.')
  .version(VERSION)
  .option('-c, --config <file>', 'the configuration', DEFAULT_FILE)
  .option('--check', 'only check the configuration')
  .addHelpText(
    'after',
    `
Signals:
  SIGHUP            read the configuration again (a change of the file or of etcd is noticed anyway)
  SIGTERM, SIGINT   mark routes for bgp.gracefulShutdown, withdraw, forward for shutdown.drain, end; twice: without waiting

Exit codes:
  0 ended as asked   1 failure   2 wrong command line   69 something needed is missing or refuses
  75 ended for a rollout, to be started again   77 no permission   78 wrong configuration`,
  )
  .exitOverride()
  .action(async ({ config, check }: { config: string; check?: boolean }) => {
    if (check !== true) {
      if ((await runNode(config)) === 'to be started again') process.exitCode = ExitCode.restart;
      return;
    }
    const { services, etcd } = await loadNodeConfig(config);
    const more = etcd === undefined ? '' : `, and those of cluster ${etcd.cluster} in etcd, which was not asked`;
    process.stdout.write(`${config} is valid: ${services.length} services${more}\n`);
  });

program
  .command('counters')
  .description('what the data plane has counted, also while the daemon is down')
  .option('--json', 'for programs')
  .action(async ({ json }: { json?: boolean }) =>
    printCounters(program.opts<{ config: string }>().config, json === true),
  );

program
  .command('announce')
  .description('which VIPs are announced, and what operators want: on or off whatever the health, or auto')
  .argument('[vip]', 'one of the configuration')
  .argument('[how]', 'on, off or auto; kept over restarts in bgp.overridesFile, and in force at once')
  .action(async (vip?: string, how?: string) => announceCommand(program.opts<{ config: string }>().config, vip, how));

program
  .command('detach')
  .description(
    'remove the program from all interfaces, with tables, counters, the routes of VIPs, local addresses and probes, and the neighbours kept resolved; end a keepalived that a crash left, with its VIPs and rules',
  )
  .action(async () => {
    const config = await loadNodeConfig(program.opts<{ config: string }>().config);
    const { dataplane } = config;
    // First: packets of VIPs that are here are forwarded until other nodes have them.
    await leaveVrrp(config);
    XdpDataplane.remove(dataplane.pinDirectory);
    await refuseStrayPackets([]);
    await holdLocalAddresses([], []);
    await keepResolved(new Map());
    await ProbePath.remove();
  });

try {
  await program.parseAsync();
  process.exitCode ??= ExitCode.ok;
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  } else {
    process.stderr.write(`lb-node: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodeOf(error, exitCodes);
  }
}
