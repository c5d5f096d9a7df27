import { existsSync } from 'node:fs';
import { chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommandOrThrow } from './command.js';
import { frrConfiguration, type RouterOptions } from './frr-configuration.js';
import type { LabHost } from './lab-host.js';
import type { LabProcess, ProcessEnd } from './lab-process.js';
import { removeScratchOfFrr } from './namespace-process.js';
import { findProgram } from './program.js';
import { type Deadline, waitUntil } from './wait-until.js';

/** A route as the router forwards by it. */
export interface RouterRoute {
  readonly prefix: string;
  /** `bgp`, `connected`, `kernel`, `static`, ... */
  readonly protocol: string;
  readonly nextHops: readonly { readonly address?: string; readonly interface: string }[];
}

/** A BGP session of the router in one address family. */
export interface RouterPeer {
  readonly address: string;
  readonly family: 'ipv4' | 'ipv6';
  readonly remoteAs: number;
  /** `Established`, `Active`, `Connect`, ... (RFC 4271 section 8.2.2) */
  readonly state: string;
  readonly prefixesReceived: number;
  /** How long the session has been in its state. */
  readonly uptimeMs: number;
}

/** FRR (zebra and bgpd) in a host of a lab. */
export class FrrRouter {
  readonly #vtySocket: string;

  constructor(
    readonly host: LabHost,
    readonly zebra: LabProcess,
    readonly bgpd: LabProcess,
    vtySocket: string,
  ) {
    this.#vtySocket = vtySocket;
  }

  /** What a line of FRR's shell answers. Also for a person: `vtysh --vty_socket DIRECTORY`. */
  async vtysh(command: string): Promise<string> {
    const args = ['--vty_socket', this.#vtySocket, '-c', command];
    return await runCommandOrThrow({ program: findProgram('vtysh'), args });
  }

  /** The command a person types to get FRR's shell. */
  get shellCommand(): string {
    return `vtysh --vty_socket ${this.#vtySocket}`;
  }

  /** Routes of both families that are in force, or the one to a prefix. */
  async routes(prefix?: string): Promise<RouterRoute[]> {
    const tables = await Promise.all(
      ['ip', 'ipv6'].map(async (family) => JSON.parse(await this.vtysh(`show ${family} route json`)) as FrrRoutes),
    );
    return tables
      .flatMap((table) => Object.values(table).flat())
      .filter((route) => route.installed === true && (prefix === undefined || route.prefix === prefix))
      .map(({ prefix, protocol, nexthops = [] }) => ({
        prefix,
        protocol,
        nextHops: nexthops
          .filter(({ fib }) => fib === true)
          .map(({ ip, interfaceName = '' }) => ({
            ...(ip === undefined ? {} : { address: ip }),
            interface: interfaceName,
          })),
      }));
  }

  /** The BGP sessions, once per address family. */
  async bgpSummary(): Promise<RouterPeer[]> {
    const summary = JSON.parse(await this.vtysh('show bgp summary json')) as FrrSummary;
    return (['ipv4', 'ipv6'] as const).flatMap((family) =>
      Object.entries(summary[`${family}Unicast`]?.peers ?? {}).map(([address, peer]) => ({
        address,
        family,
        remoteAs: peer.remoteAs,
        state: peer.state,
        prefixesReceived: peer.pfxRcd ?? 0,
        uptimeMs: peer.peerUptimeMsec ?? 0,
      })),
    );
  }

  /**
   * Waits until a prefix has exactly so many next hops in the kernel; 0 until there is no route to it.
   *
   * @param prefix  in CIDR notation, as FRR writes it: `198.51.100.10/32`
   */
  async waitForRoutes(prefix: string, count: number, deadline: Deadline = {}): Promise<RouterRoute | undefined> {
    const [route] = await waitUntil(
      `${this.host.name} to have ${count} next hops to ${prefix}`,
      async () => ((await this.#kernelNextHops(prefix)) === count ? await this.routes(prefix) : undefined),
      { ...deadline, intervalMs: 50 },
    );
    return route;
  }

  /** Waits until a session with a neighbour is established, in every family it is active in. */
  async waitForSession(address: string, deadline: Deadline = {}): Promise<void> {
    await waitUntil(
      `${this.host.name} to have a BGP session with ${address}`,
      async () => {
        const sessions = (await this.bgpSummary()).filter((peer) => peer.address === address);
        return (sessions.length > 0 && sessions.every(({ state }) => state === 'Established')) || undefined;
      },
      { ...deadline, intervalMs: 100 },
    );
  }

  /** Ends both daemons in order, so that the neighbours are told. */
  async stop(): Promise<ProcessEnd[]> {
    return [await this.bgpd.stop(), await this.zebra.stop()];
  }

  /** The kernel's table is what forwards; FRR shows a route a little before it is there. */
  async #kernelNextHops(prefix: string): Promise<number> {
    const family = prefix.includes(':') ? '-6' : '-4';
    const routes = JSON.parse(
      (await this.host.output('ip', [family, '-json', 'route', 'show', 'exact', prefix])) || '[]',
    ) as { nexthops?: unknown[] }[];
    return routes.reduce((sum, { nexthops }) => sum + (nexthops?.length ?? 1), 0);
  }
}

/**
 * Starts FRR in a host, with its files and sockets in the lab's directory; /etc/frr is not used. Returns when it speaks BGP.
 *
 * @throws LabError `LAB_PROGRAM_MISSING` without FRR; `LAB_PROCESS_ENDED` with what a daemon said that did not stay
 */
export async function startRouter(host: LabHost, options: RouterOptions, deadline: Deadline = {}): Promise<FrrRouter> {
  const zebraProgram = findProgram('/usr/lib/frr/zebra');
  const directory = join(host.directory, `${host.name}-frr`);
  await mkdir(directory, { recursive: true });
  // FRR's daemons become the user whom the package made for them.
  const { uid, gid } = await stat('/etc/frr');
  const configuration = join(directory, 'bgpd.conf');
  await writeFile(configuration, frrConfiguration(host.name, options), { mode: 0o640 });
  await Promise.all([directory, configuration].map((path) => chown(path, uid, gid)));

  const daemon = (name: string, program: string, file: string, more: readonly string[] = []) => {
    const files = ['-f', file, '-i', join(directory, `${name}.pid`), '-z', join(directory, 'zserv.api')];
    const log = ['--log', 'stdout', '--log-level', 'informational'];
    const started = host.spawn(program, [...files, '--vty_socket', directory, '-P', '0', ...log, ...more], { name });
    void started.exited.then(() => removeScratchOfFrr(started.pid));
    return started;
  };
  const isThere = (process: LabProcess, file: string) =>
    waitUntil(`${process.title} to make ${file}`, () => existsSync(join(directory, file)) || process.failIfEnded(), {
      ...deadline,
      intervalMs: 5,
    });
  // Without it zebra deletes a route of IPv6 before it adds the changed one: what comes in between is unreachable.
  const zebra = daemon('zebra', zebraProgram, '/dev/null', ['--v6-rr-semantics']);
  // bgpd that finds no zebra tries again only after seconds.
  await isThere(zebra, 'zserv.api');
  const bgpd = daemon('bgpd', '/usr/lib/frr/bgpd', configuration);
  await isThere(bgpd, 'bgpd.vty');
  await bgpd.waitForListening(179, deadline);
  return new FrrRouter(host, zebra, bgpd, directory);
}

/** The parts of vtysh's JSON that are used. */
type FrrRoutes = Readonly<
  Record<
    string,
    readonly {
      readonly prefix: string;
      readonly protocol: string;
      readonly installed?: boolean;
      readonly nexthops?: readonly { readonly ip?: string; readonly interfaceName?: string; readonly fib?: boolean }[];
    }[]
  >
>;

type FrrSummary = Readonly<
  Partial<
    Record<
      'ipv4Unicast' | 'ipv6Unicast',
      {
        readonly peers?: Readonly<
          Record<
            string,
            {
              readonly remoteAs: number;
              readonly state: string;
              readonly pfxRcd?: number;
              readonly peerUptimeMsec?: number;
            }
          >
        >;
      }
    >
  >
>;
