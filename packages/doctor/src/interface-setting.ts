import type { Host } from './host.js';

/** A setting of an interface below /proc/sys/net, as a number; undefined: no such interface, or no such family. */
export async function interfaceSetting(
  host: Host,
  family: 'ipv4' | 'ipv6',
  interfaceName: string,
  key: string,
): Promise<number | undefined> {
  const text = await host.readText(`/proc/sys/net/${family}/conf/${interfaceName}/${key}`);
  return text === undefined ? undefined : Number(text);
}

/**
 * What the kernel goes by where it takes the larger of an interface's value and that of `all`
 * (Documentation/networking/ip-sysctl.rst); undefined: no such interface.
 */
export async function largerSetting(host: Host, interfaceName: string, key: string): Promise<number | undefined> {
  const own = await interfaceSetting(host, 'ipv4', interfaceName, key);
  return own === undefined ? undefined : Math.max(own, (await interfaceSetting(host, 'ipv4', 'all', key)) ?? 0);
}

/** A command that sets it. Names of interfaces may have dots, which sysctl takes for separators unless slashes are. */
export function settingCommand(family: 'ipv4' | 'ipv6', interfaceName: string, key: string, value: number): string {
  return `sysctl -w net/${family}/conf/${interfaceName}/${key}=${value}`;
}
