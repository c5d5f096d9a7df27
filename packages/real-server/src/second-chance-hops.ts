import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from '@weir/daemon';
import type { Decapsulation, UnresolvedHop } from './decapsulation.js';
import type { ChangeRecord } from './host-changes.js';
import { ip, ipJson } from './ip-command.js';
import { changeSetting, ipv4Setting, ipv6Setting, readSetting, writeSetting } from './kernel-settings.js';

/** Shorter than a client waits before it sends a dropped segment again: 200 ms at least in Linux (TCP_RTO_MIN). */
const INTERVAL_MS = 100;

/** Values of accept_ra (kernel: networking/ip-sysctl). */
const UNLESS_FORWARDING = 1;
const ALSO_FORWARDING = 2;

/**
 * Lets the program look up the routes of what this host sends itself, which are those by `lo`: a lookup asks for an
 * interface that forwards. As nothing comes in by `lo` from elsewhere, the host does not become a router.
 *
 * @throws {AgentError} SETTING_REFUSED
 */
export async function letRoutesBeLookedUp(record: ChangeRecord): Promise<void> {
  await changeSetting(ipv4Setting('lo', 'forwarding'), 1, record);
  const forwarding = ipv6Setting('lo', 'forwarding');
  if (!existsSync(forwarding)) return; // a host without IPv6
  if ((await readSetting(forwarding)) === 1) return;
  // The kernel forgets the default routers that it learned by advertisements, unless routers heed them as well.
  const listeners = await interfacesThatHeedAdvertisements();
  for (const name of listeners) await writeSetting(ipv6Setting(name, 'accept_ra'), ALSO_FORWARDING);
  try {
    await changeSetting(forwarding, 1, record);
  } finally {
    for (const name of listeners) await writeSetting(ipv6Setting(name, 'accept_ra'), UNLESS_FORWARDING);
  }
}

async function interfacesThatHeedAdvertisements(): Promise<readonly string[]> {
  const names = await readdir('/proc/sys/net/ipv6/conf');
  const values = await Promise.all(names.map((name) => readSetting(ipv6Setting(name, 'accept_ra'))));
  // Of these two nothing depends on the value, and a new interface copies that of `default`.
  return names.filter((name, i) => values[i] === UNLESS_FORWARDING && name !== 'all' && name !== 'default');
}

/**
 * Until the signal aborts, makes the kernel ask for the MAC addresses of next hops that packets could not be sent to. The
 * kernel asks of itself only for what it sends itself.
 */
export async function resolveHops(decapsulation: Decapsulation, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const hops = decapsulation.takeUnresolvedHops();
    if (hops.length > 0) await askFor(hops, logger);
    await wait(INTERVAL_MS, undefined, { signal }).catch(() => {});
  }
}

/** A hop that cannot be asked for does not keep the others from it. */
async function askFor(hops: readonly UnresolvedHop[], logger: Logger): Promise<void> {
  try {
    const links = await ipJson<{ readonly ifindex: number; readonly ifname: string }>('link show');
    for (const { address, ifindex } of hops) {
      const link = links.find((candidate) => candidate.ifindex === ifindex);
      if (link === undefined) continue;
      await ip(`neigh replace ${address} dev ${link.ifname} use`).catch((error: unknown) => {
        logger.warn(
          { event: 'neighbour_request_failed', err: error, address },
          'could not make the kernel ask for a next hop',
        );
      });
    }
  } catch (error) {
    logger.warn({ event: 'neighbour_request_failed', err: error, hops }, 'could not make the kernel ask for next hops');
  }
}
