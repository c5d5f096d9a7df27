import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AnsibleControl, type Inventory } from './ansible-control.js';

type Values = Readonly<Record<string, unknown>>;

/** What an operator has got wrong: values of the first host, of the second, and of both. */
interface Mistake {
  readonly first?: Values;
  readonly second?: Values;
  readonly all?: Values;
}

const services = [
  { name: 'web', vip: '198.51.100.10', port: 80, method: 'ipip', backends: [{ address: '10.0.0.21' }] },
];

/** Two nodes that are this machine, reached without ssh; right until a mistake is made. */
function inventory({ first = {}, second = {}, all = {} }: Mistake): Inventory {
  const node = (number: number, values: Values) => ({
    weir_node_addresses: [`10.0.0.${10 + number}`, `fd00:10::${10 + number}`],
    ...values,
  });
  return {
    all: {
      vars: {
        ansible_connection: 'local',
        // The loopback interface of whatever machine has room for each encapsulation.
        weir_node_interfaces: ['lo'],
        weir_bgp_as: 64512,
        weir_bgp_peers: [{ address: '10.0.0.1', asn: 64500 }],
        weir_services: services,
        ...all,
      },
      children: { weir_nodes: { hosts: { lb1: node(1, first), lb2: node(2, second) } } },
    },
  };
}

/** Tells the tasks of the first play, which checks, from those that change something. */
const CHECKS_ONLY = /^PLAY \[/gm;

const refuses = test.macro({
  title: (what = '') => `site.yml refuses ${what} before it changes anything`,
  async exec(t: ExecutionContext, mistake: Mistake, message: RegExp) {
    t.timeout(120_000);
    const { code, output, changes } = await playOn(mistake, 'site.yml');
    t.not(code, 0);
    t.regex(asOneLine(output), message);
    t.deepEqual(changes, []);
    t.is(output.match(CHECKS_ONLY)?.length, 1, output);
  },
});

async function playOn(mistake: Mistake, playbook: string, variables: Inventory = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'weir-inventory-'));
  try {
    return await new AnsibleControl({ run: runHere }, directory).play(playbook, inventory(mistake), variables);
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Ansible breaks what a task says into lines of YAML. */
function asOneLine(output: string): string {
  return output.replaceAll(/\s+/g, ' ').replaceAll("''", "'");
}

type Run = AnsibleControl['host']['run'];

/** As a host of a lab does, but on this machine. */
const runHere: Run = (program, args = []) =>
  new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : Number(error?.code), signal: null, stdout, stderr });
    });
  });

test.serial(
  'two nodes with one name',
  refuses,
  { first: { weir_node_name: 'lb' }, second: { weir_node_name: 'lb' } },
  /weir_node_name: "lb" is that of lb1 and of lb2; each node needs a name of its own/,
);
test.serial(
  'two nodes with one router id',
  refuses,
  { all: { weir_bgp_router_id: '10.0.0.11' } },
  /weir_bgp_router_id: "10\.0\.0\.11" is that of lb1 and of lb2; routers tell nodes apart by it/,
);
test.serial(
  'two nodes with one address',
  refuses,
  { second: { weir_node_addresses: ['10.0.0.11'] } },
  /weir_node_addresses of lb2: 10\.0\.0\.11 is taken by weir_node_addresses of lb1/,
);
test.serial(
  'an engine that there is not',
  refuses,
  { second: { weir_engine: 'dpdk' } },
  /weir_engine of lb2: "dpdk" is not one of xdp, portable/,
);
test.serial(
  'a VIP outside the pools',
  refuses,
  { all: { weir_vip_pools: ['203.0.113.0/24', '2001:db8:100::/64'] } },
  /web: VIP 198\.51\.100\.10 is in none of weir_vip_pools \(203\.0\.113\.0\/24, 2001:db8:100::\/64\)/,
);
test.serial(
  'a VIP that is no address',
  refuses,
  { all: { weir_services: [{ ...services[0], vip: '198.51.100.300' }] } },
  /web: VIP "198\.51\.100\.300" is not an IP address; write it as 198\.51\.100\.10 or/,
);
test.serial(
  'an MTU without room for the outer headers',
  refuses,
  { all: { weir_client_mtu: 65_530 } },
  /lb1: lo has an MTU of 65536, and service web needs 65550: 65530 of a client and 20 of ipip; raise it \("ip link set lo mtu 65550"/,
);
test.serial(
  'an interface that is not there',
  refuses,
  { first: { weir_node_interfaces: ['eth77'] } },
  /lb1: weir_node_interfaces is eth77, and not all of these are there/,
);
test.serial(
  'a kernel that is too old',
  refuses,
  { first: { weir_kernel_release: '4.19.0-26-amd64' } },
  /lb1: its kernel is 4\.19\.0-26-amd64, and Weir needs 5\.18 or newer/,
);
test.serial(
  'a kernel without BTF',
  refuses,
  { first: { weir_btf_file: '/sys/kernel/btf/none' } },
  /lb1: there is no \/sys\/kernel\/btf\/none, .*CONFIG_DEBUG_INFO_BTF=y.* or set weir_engine to portable/s,
);
test.serial(
  'an AS number without a router',
  refuses,
  { all: { weir_bgp_peers: [] } },
  /weir_bgp_as is 64512 and weir_bgp_peers is empty; name the routers/,
);
test.serial(
  'a router without an AS number',
  refuses,
  { all: { weir_bgp_peers: [{ address: '10.0.0.1' }] } },
  /missing required arguments: asn found in weir_bgp_peers/,
);
test.serial(
  'an etcd endpoint without a port',
  refuses,
  { all: { weir_etcd_endpoints: ['10.0.0.5'] } },
  /weir_etcd_endpoints has \["10\.0\.0\.5"\]; write each as ADDRESS:PORT/,
);
test.serial(
  'a mode of XDP that there is not',
  refuses,
  { all: { weir_xdp_mode: 'offload' } },
  /value of weir_xdp_mode must be one of: auto, native, generic, got: offload/,
);

test.serial('scale-in.yml refuses a host that the inventory does not have', async (t) => {
  const { code, output } = await playOn({}, 'scale-in.yml', { weir_leaving: ['lb9'] });
  t.not(code, 0);
  t.regex(asOneLine(output), /weir_leaving is \["lb9"\]; expected a list of hosts of the inventory, of lb1, lb2/);
});

test.serial('scale-in.yml refuses to take all nodes', async (t) => {
  const { code, output } = await playOn({}, 'scale-in.yml', { weir_leaving: ['lb1', 'lb2'] });
  t.not(code, 0);
  t.regex(asOneLine(output), /weir_leaving has all nodes, and nobody would announce the VIPs/);
});
