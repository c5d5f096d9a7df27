import { announcedPrefixes } from '@weir/bgp-speaker';
import { type BgpConfig, loadNodeConfig, type NodeConfig } from '@weir/control';
import { WeirError } from '@weir/errors';
import { canonicalAddress, isIpAddress } from '@weir/packet';
import { type AnnounceOverrides, readOverrides, writeOverrides } from './announce-overrides.js';
import { allVips } from './vips.js';

/**
 * `lb-node announce [VIP [on|off|auto]]`: keeps what an operator wants of a VIP where the daemon finds it, or shows what
 * was wanted before.
 * @param vip  absent: all
 * @param how  absent: show
 * @throws {WeirError} ANNOUNCE_REFUSED naming what can't be and what would be right; OVERRIDES_INVALID, OVERRIDES_UNWRITABLE
 */
export async function announceCommand(configFile: string, vip?: string, how?: string): Promise<void> {
  const config = await loadNodeConfig(configFile);
  if (config.bgp === undefined)
    throw refused(
      `${configFile} has no section bgp, which overrides of VIPs are for; a node with vrrp gives all of its VIPs up with node.state draining`,
    );
  const { overridesFile } = config.bgp;
  const overrides = readOverrides(overridesFile);
  const address = vip === undefined ? undefined : knownVip(vip, config, overrides, configFile);
  if (address === undefined || how === undefined) {
    process.stdout.write(await listing(address === undefined ? vipsToList(config, overrides) : [address], config.bgp));
    return;
  }
  writeOverrides(overridesFile, withOverride(overrides, address, how));
  process.stdout.write(`${address}: ${meanings[parseHow(how)]}\n`);
}

/** The overrides after this wish. */
function withOverride(overrides: AnnounceOverrides, vip: string, how: string): AnnounceOverrides {
  const wish = parseHow(how);
  const after = new Map(overrides);
  if (wish === 'auto') after.delete(vip);
  else after.set(vip, wish);
  return after;
}

const meanings = {
  on: 'on; announced even if no backend is usable, also after a restart, until it is "auto" again',
  off: 'off; not announced however healthy, also after a restart, until it is "auto" again',
  auto: 'auto; announced while a backend is usable',
} as const;

function parseHow(how: string): keyof typeof meanings {
  if (Object.hasOwn(meanings, how)) return how as keyof typeof meanings;
  throw refused(`"${how}" is not on, off or auto`);
}

/** A typing error must not wait in a file for a VIP that never comes; one that is gone can be taken back. */
function knownVip(text: string, config: NodeConfig, overrides: AnnounceOverrides, configFile: string): string {
  if (!isIpAddress(text)) throw refused(`"${text}" is not an IP address; a VIP such as 198.51.100.10 is expected`);
  const vip = canonicalAddress(text);
  const vips = allVips(config);
  // Services of etcd have VIPs that the file does not name.
  if (config.etcd !== undefined || vips.includes(vip) || overrides.has(vip)) return vip;
  throw refused(`${vip} is no VIP of ${configFile}; it has ${vips.length === 0 ? 'none' : vips.join(', ')}`);
}

function vipsToList(config: NodeConfig, overrides: AnnounceOverrides): readonly string[] {
  return [...new Set([...allVips(config), ...overrides.keys()])];
}

async function listing(vips: readonly string[], { gobgpd, overridesFile }: BgpConfig): Promise<string> {
  const overrides = readOverrides(overridesFile);
  const announced = await announcedPrefixes(gobgpd.apiAddress).catch(() => undefined);
  const isAnnounced = (vip: string) => {
    if (announced === undefined) return 'unknown';
    return announced.includes(`${vip}/${vip.includes(':') ? 128 : 32}`) ? 'yes' : 'no';
  };
  const rows = vips.map((vip) => [vip, overrides.get(vip) ?? 'auto', isAnnounced(vip)] as const);
  const width = Math.max(...['VIP', ...vips].map(({ length }) => length));
  const lines = [['VIP', 'WANTED', 'ANNOUNCED'] as const, ...rows].map(
    ([vip, wanted, is]) => `${vip.padEnd(width)}  ${wanted.padEnd(6)}  ${is}`,
  );
  const note = announced === undefined ? `no gobgpd answers at ${gobgpd.apiAddress}\n` : '';
  return `${lines.join('\n')}\n${note}`;
}

function refused(message: string): WeirError {
  return new WeirError('ANNOUNCE_REFUSED', message);
}
