import type { NodeConfig } from '@weir/control';
import type { Check } from '../check.js';
import type { Finding } from '../finding.js';
import type { Address, Host } from '../host.js';

/** Are the ports free that the daemon listens at? */
export const listeners: Check = {
  name: 'listeners',
  looksAt: 'the ports of gobgpd (`bgp.listenPort`), metrics and the admin API: that nobody else has them',
  symptom: 'the daemon ends with 69 (METRICS_ADDRESS_REFUSED, ADMIN_LISTEN_REFUSED, GOBGPD_FAILED)',
  cure: 'end who has the port (`ss -ltnp`), often another BGP speaker such as FRR or bird, or choose another: `bgp.listenPort: -1` listens nowhere',
  roles: ['node'],
  async examine(subject, host) {
    if (subject.role !== 'node' || subject.config === undefined) {
      return [{ verdict: 'skipped', found: 'there is no configuration to say which' }];
    }
    if (subject.daemon !== undefined) return [{ verdict: 'ok', found: 'the daemon runs, and has them' }];
    if (subject.daemonUnknown !== undefined) {
      return [
        { verdict: 'skipped', found: `whether the daemon runs, and has them, is not known: ${subject.daemonUnknown}` },
      ];
    }
    const wanted = wantedOf(subject.config);
    if (wanted.length === 0) return [{ verdict: 'skipped', found: 'it listens at no port' }];
    const { runtimeDirectory } = subject.config;
    return await Promise.all(
      wanted.map(async (listener) => {
        const finding = await listenerFinding(listener, host);
        const isOfNode = finding.verdict === 'fault' && listener.setting === 'bgp.listenPort';
        return isOfNode && (await hasLeftGobgpd(runtimeDirectory, host)) ? leftGobgpd(finding) : finding;
      }),
    );
  },
};

interface Listener {
  readonly setting: string;
  readonly address: Address;
}

function wantedOf({ bgp, metrics, admin }: NodeConfig): readonly Listener[] {
  return [
    ...(bgp === undefined || bgp.listenPort < 0 || bgp.gobgpd.run === 'external'
      ? []
      : [{ setting: 'bgp.listenPort', address: { host: '::', port: bgp.listenPort } }]),
    ...(metrics === undefined ? [] : [{ setting: 'metrics.listen', address: metrics.listen }]),
    ...admin.listen.map((address) => ({ setting: 'admin.listen', address })),
  ];
}

/** The gobgpd of a daemon that crashed holds on to its sessions, and the next daemon takes it over: its command line names the directory. */
async function hasLeftGobgpd(runtimeDirectory: string, host: Host): Promise<boolean> {
  const directory = `${runtimeDirectory}/gobgpd`;
  const pid = Number(await host.readText(`${directory}/gobgpd.pid`));
  if (!Number.isInteger(pid) || pid <= 0) return false;
  return (await host.readText(`/proc/${pid}/cmdline`))?.includes(`${directory}/`) === true;
}

function leftGobgpd({ about }: Finding): Finding {
  return {
    verdict: 'skipped',
    ...(about === undefined ? {} : { about }),
    found: 'the gobgpd of a daemon that ended has it; the next daemon takes it over',
  };
}

async function listenerFinding({ setting, address }: Listener, host: Host): Promise<Finding> {
  const about = `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  const trouble = await host.listen(address);
  switch (trouble) {
    case undefined:
      return { verdict: 'ok', about, found: `free, for ${setting}` };
    case 'EACCES':
      return { verdict: 'skipped', about, found: 'this user may not listen there' };
    case 'EAFNOSUPPORT':
      return { verdict: 'skipped', about, found: 'this kernel has no IPv6' };
    case 'EADDRINUSE':
      return {
        verdict: 'fault',
        about,
        found: 'somebody else listens there',
        wanted: `free, for ${setting}`,
        cure: `"ss -ltnp sport = :${address.port}" says who; end that, or change ${setting}`,
      };
    default:
      return {
        verdict: 'fault',
        about,
        found: `nobody can listen there: ${trouble}`,
        wanted: 'an address of this host',
        cure: `correct ${setting}; EADDRNOTAVAIL: this host does not have the address`,
      };
  }
}
