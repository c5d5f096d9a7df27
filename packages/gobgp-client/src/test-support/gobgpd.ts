import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { GobgpClient } from '../gobgp-client.js';

/** A gobgpd that a test started; it ends with the test. */
export interface TestGobgpd {
  readonly client: GobgpClient;
  readonly apiAddress: string;
  readonly pid: number;
  /** SIGKILL, and its end. */
  kill(): Promise<void>;
}

/** A route as `gobgp global rib -j` tells it: what somebody else's program makes of it. */
export interface ReceivedRoute {
  readonly prefix: string;
  readonly nextHop: string;
  readonly asPath: readonly number[];
  readonly communities: readonly number[];
  readonly med: number | undefined;
  /** Seconds since 1970 at which gobgpd got it: another number after a withdrawal or an update. */
  readonly since: number;
}

/** Starts a gobgpd without an identity, with its API on a port of 127.0.0.1. */
export async function startGobgpd(t: ExecutionContext, apiPort: number): Promise<TestGobgpd> {
  const directory = mkdtempSync(join(tmpdir(), 'weir-gobgpd-'));
  const apiAddress = `127.0.0.1:${apiPort}`;
  // setpriv: it ends with this process, however that ends.
  const command = ['--pdeathsig', 'KILL', 'gobgpd', '--api-hosts', apiAddress, '--pprof-disable'];
  const child = spawn('setpriv', command, { cwd: directory, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const client = new GobgpClient(apiAddress);
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  t.teardown(async () => {
    client[Symbol.dispose]();
    await kill();
    rmSync(directory, { recursive: true });
  });
  await client.waitUntilReachable(10_000);
  return { client, apiAddress, pid: child.pid as number, kill };
}

/** Attribute types of RFC 4271, RFC 1997, and RFC 4760, as gobgp's JSON carries them. */
const Attribute = { asPath: 2, nextHop: 3, med: 4, communities: 8, mpReach: 14 } as const;

/** All routes of a family in a gobgpd's table, its own and its peers'; asked with Debian's `gobgp`. */
export function receivedRoutes(
  { apiAddress }: Pick<TestGobgpd, 'apiAddress'>,
  family: 'ipv4' | 'ipv6',
): ReceivedRoute[] {
  const port = apiAddress.slice(apiAddress.lastIndexOf(':') + 1);
  const answer = execFileSync('gobgp', ['-p', port, '-j', 'global', 'rib', '-a', family], { encoding: 'utf8' });
  const table = JSON.parse(answer) as Record<
    string,
    { readonly age: number; readonly attrs: readonly RouteAttribute[] }[]
  >;
  return Object.entries(table).flatMap(([prefix, paths]) =>
    paths.map(({ age, attrs }) => {
      const attribute = (type: number) => attrs.find((attr) => attr.type === type);
      return {
        prefix,
        nextHop: attribute(Attribute.nextHop)?.nexthop ?? attribute(Attribute.mpReach)?.nexthop ?? '',
        asPath: (attribute(Attribute.asPath)?.as_paths ?? []).flatMap(({ asns }) => asns),
        communities: attribute(Attribute.communities)?.communities ?? [],
        med: attribute(Attribute.med)?.metric,
        since: age,
      };
    }),
  );
}

interface RouteAttribute {
  readonly type: number;
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
}
