import type { Machine } from './machine.js';
import type { MachineCluster } from './machine-cluster.js';
import { startCheckedServers } from './observed-traffic.js';

/**
 * Does what the package's manual says, on all machines of a cluster: installs the package, writes the configuration, enables and
 * starts the unit. Resolves when the router has routes by all nodes.
 *
 * @param sections  more of weir.yaml than {@link MachineCluster.weirYaml} has
 */
export async function installWeir(
  weir: MachineCluster,
  debFile: string,
  sections: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await Promise.all([
    ...weir.backends.map(async (backend) => {
      await backend.install(debFile);
      await backend.writeFile('/etc/default/weir-real-server', realServerDefaults(weir));
      await enable(backend, 'weir-real-server');
    }),
    ...weir.nodes.map(async (node) => {
      await node.install(debFile);
      await node.writeFile('/etc/weir/weir.yaml', weir.weirYaml(node, weir.services, sections));
      await enable(node, 'weir-node');
    }),
    startCheckedServers(weir),
  ]);
  await weir.waitForRoutes(weir.nodes.length);
}

/** As an operator enables it; resolves when the daemon has said that it is ready. */
export async function enable(machine: Machine, unit: string): Promise<void> {
  const { code, stderr } = await machine.run('systemctl', ['enable', '--now', unit], { timeoutMs: 90_000 });
  if (code !== 0) throw new Error(`${unit} on ${machine.name} does not start: ${stderr}${await machine.journal(unit)}`);
}

function realServerDefaults({ vips, cluster }: MachineCluster): string {
  // What it has done stays while it is restarted: nothing is lost then.
  const flags = [
    '--keep',
    '--interface',
    cluster.interface,
    ...vips.flatMap((vip) => ['--vip', vip]),
    '--decap',
    'ipip,gue',
  ];
  return `WEIR_REAL_SERVER="${flags.join(' ')}"`;
}
