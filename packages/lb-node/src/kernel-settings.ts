import { readFile, writeFile } from 'node:fs/promises';
import { WeirError } from '@weir/errors';

/** A kernel setting that Weir needs could not be made. */
export class KernelSettingError extends WeirError {}

/**
 * Turns forwarding on for an interface, in both families: the kernel answers a FIB lookup of an XDP program only there
 * (bpf_fib_lookup, BPF_FIB_LKUP_RET_FWD_DISABLED). Returns the settings that were changed.
 * @throws {KernelSettingError} KERNEL_SETTING_REFUSED
 */
export async function enableForwarding(interfaceName: string): Promise<readonly string[]> {
  return [
    ...(await change(`net.ipv4.conf.${interfaceName}.forwarding`, '1')),
    ...(await change(`net.ipv6.conf.${interfaceName}.forwarding`, '1')),
  ];
}

/**
 * Where the kernel would drop what comes in by another interface than the one that it would answer by (rp_filter 1,
 * RFC 3704 strict), lets it look only whether there is a way back at all (2, loose): backends of nat and fullnat answer by
 * whatever way their routes say. Returns the settings that were changed.
 * @throws {KernelSettingError} KERNEL_SETTING_REFUSED
 */
export async function loosenReversePath(interfaceName: string): Promise<readonly string[]> {
  // The larger of the two values counts (Documentation/networking/ip-sysctl.rst).
  const values = [await read('net.ipv4.conf.all.rp_filter'), await read(`net.ipv4.conf.${interfaceName}.rp_filter`)];
  const isStrict = values.includes('1') && !values.includes('2');
  return isStrict ? change(`net.ipv4.conf.${interfaceName}.rp_filter`, '2') : [];
}

/**
 * Lets an interface answer neighbour solicitations for addresses that are not its own, but are proxied there.
 * Returns the settings that were changed.
 * @throws {KernelSettingError} KERNEL_SETTING_REFUSED
 */
export async function enableNeighbourProxy(interfaceName: string): Promise<readonly string[]> {
  return change(`net.ipv6.conf.${interfaceName}.proxy_ndp`, '1');
}

/** The value of a setting; undefined where there is no such interface, or no such family. */
async function read(setting: string): Promise<string | undefined> {
  try {
    return (await readFile(pathOf(setting), 'utf8')).trim();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw refused(setting, 'read', cause);
  }
}

async function change(setting: string, value: string): Promise<readonly string[]> {
  const current = await read(setting);
  // No such interface, which attaching will say better; or a kernel with IPv6 turned off.
  if (current === undefined || current === value) return [];
  try {
    await writeFile(pathOf(setting), value);
  } catch (cause) {
    throw refused(setting, `set to ${value}`, cause);
  }
  return [setting];
}

function refused(setting: string, what: string, cause: unknown): KernelSettingError {
  return new KernelSettingError('KERNEL_SETTING_REFUSED', `${setting} can't be ${what}: ${String(cause)}`, {
    cause,
    details: { setting },
  });
}

/** Names of interfaces may have dots, so only those around the name are separators. */
function pathOf(setting: string): string {
  const [, family, name, key] = /^net\.(ipv[46])\.conf\.(.+)\.([^.]+)$/.exec(setting) as unknown as string[];
  return `/proc/sys/net/${family}/conf/${name}/${key}`;
}
