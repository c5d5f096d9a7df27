import { join } from 'node:path';
import { standardServices } from '@weir/lab';
import { AnsibleControl, type Inventory, type PlaybookResult } from './ansible-control.js';
import { MachineCluster } from './machine-cluster.js';

const NODE_ASN = 64512;
const ROUTER_ASN = 64500;

/** Machines of a lab, bare at first, and the host from which Ansible reaches them by ssh. */
export class AnsibleCluster implements AsyncDisposable {
  readonly control: AnsibleControl;

  private constructor(readonly machines: MachineCluster) {
    this.control = new AnsibleControl(machines.lab.host('router'), join(machines.lab.directory, 'ansible'));
  }

  /** @param nodes  how many there may be; an inventory names those that there are */
  static async start(nodes: number, backends: number): Promise<AnsibleCluster> {
    return new AnsibleCluster(await MachineCluster.start({ nodes, backends }));
  }

  /** Runs a playbook for the first nodes. */
  async play(playbook: string, nodes: number, variables: Inventory = {}): Promise<PlaybookResult> {
    return await this.control.play(playbook, this.inventory(nodes), variables);
  }

  /** As deploy/ansible/inventories/example, with the addresses of the lab and short times. */
  inventory(nodeCount: number): Inventory {
    const { cluster, ssh } = this.machines;
    const nodes = cluster.nodes.slice(0, nodeCount);
    const etcd = nodes.slice(0, 3);
    const common = [`-o IdentityFile=${ssh.privateKeyFile}`, `-o UserKnownHostsFile=${ssh.knownHostsFile}`];
    return {
      all: {
        vars: {
          ansible_user: 'root',
          ansible_ssh_common_args: common.join(' '),
          weir_services: standardServices(cluster).map(({ backends: _, ...service }) => service),
          weir_etcd_endpoints: etcd.map(({ ipv4 }) => `${ipv4}:2379`),
          weir_redis_addresses: [`${etcd[0]?.ipv4}:6379`],
          weir_redis_password: 'a password of the lab',
          weir_rollout_limits: { fillFor: '1s', checkFor: '2s', drainTimeout: '20s', stepTimeout: '300s' },
        },
        children: {
          weir_nodes: {
            hosts: Object.fromEntries(
              nodes.map(({ name, ipv4, ipv6 }) => [name, { ansible_host: ipv4, weir_node_addresses: [ipv4, ipv6] }]),
            ),
            vars: {
              weir_node_interfaces: cluster.nodeInterfaces,
              weir_bgp_as: NODE_ASN,
              weir_bgp_peers: [{ address: cluster.router.ipv4, asn: ROUTER_ASN, holdTime: '30s' }],
              weir_dataplane: { maxServices: 16, maxBackends: 64 },
              weir_extra_configuration: { shutdown: { drain: '2s' } },
            },
          },
          weir_backends: {
            hosts: Object.fromEntries(cluster.backends.map(({ name, ipv4 }) => [name, { ansible_host: ipv4 }])),
            vars: { weir_backend_interfaces: [cluster.interface] },
          },
          weir_etcd: { hosts: Object.fromEntries(etcd.map(({ name }) => [name, {}])) },
          weir_redis: { hosts: Object.fromEntries(etcd.slice(0, 1).map(({ name }) => [name, {}])) },
        },
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.machines[Symbol.asyncDispose]();
  }
}
