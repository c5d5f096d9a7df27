import { type Command, inNamespace, runCommandOrThrow } from './command.js';
import { type Deadline, waitUntil } from './wait-until.js';

/** The parts of `ip -json -details address show` that are used. */
interface DeviceStatus {
  readonly ifname: string;
  readonly operstate: string;
  readonly addr_info: readonly { readonly tentative?: boolean }[];
  readonly linkinfo?: { readonly info_slave_data?: { readonly state?: string } };
}

const SHOW: Command = { program: 'ip', args: ['-json', '-details', 'address', 'show'] };

/**
 * Waits until every interface in a namespace, or one of them, passes packets: its carrier is there, no address is
 * tentative, and if it is a port of a bridge, it forwards. The kernel gets there on its own, a little after `link set up`.
 *
 * @throws LabError `LAB_DEADLINE_PASSED`
 */
export async function waitForLinks(namespace: string, deadline: Deadline = {}, only?: string): Promise<void> {
  await waitUntil(
    `the links in ${namespace} to come up`,
    async () => {
      const devices = JSON.parse(await runCommandOrThrow(inNamespace(namespace, SHOW))) as DeviceStatus[];
      const awaited = devices.filter(({ ifname }) => (only === undefined ? ifname !== 'lo' : ifname === only));
      return awaited.every(isReady) || undefined;
    },
    deadline,
  );
}

function isReady({ operstate, addr_info, linkinfo }: DeviceStatus): boolean {
  const { state = 'forwarding' } = linkinfo?.info_slave_data ?? {};
  return operstate === 'UP' && state === 'forwarding' && addr_info.every(({ tentative }) => tentative !== true);
}
