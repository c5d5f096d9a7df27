import { durationText } from '../ipvsadm/duration-text.js';
import type { Lose } from '../ipvsadm/placed-service.js';
import { canonicalAddress } from '../ipvsadm/read-endpoint.js';
import { lastOf, type Statement, textOf } from './block.js';
import { keywordsOf, loseKeywords } from './keyword-losses.js';

/** The section `vrrp` of weir.yaml, as far as a keepalived.conf says anything of it. */
export interface VrrpSection {
  readonly interface?: string;
  readonly routerIds?: Readonly<Record<string, number>>;
  readonly advertInterval?: string;
  readonly preempt?: false;
  readonly preemptDelay?: string;
  readonly transport?: 'unicast';
}

/** RFC 5798, section 5.2.7. */
const ADVERT_MOST_SECONDS = 40.95;
const ADVERT_LEAST_SECONDS = 0.1;

/**
 * Instances that hold VIPs of services. Weir has one id for one VIP, and all VIPs on one interface.
 * @param vips  of the services that were carried over
 * @returns undefined: no instance holds one
 */
export function carryVrrp(
  instances: readonly Statement[],
  vips: ReadonlySet<string>,
  lose: Lose,
): VrrpSection | undefined {
  const [first, ...others] = instances.filter((instance) => {
    const own = vipsOf(instance);
    const strange = own.filter((vip) => !vips.has(vip));
    if (strange.length > 0) {
      lose(
        instance.place,
        `${instanceText(instance)}: ${strange.join(', ')} ${strange.length === 1 ? 'is the VIP' : 'are VIPs'} of no service; keepalived can go on to hold such`,
      );
    }
    return strange.length < own.length;
  });
  if (first === undefined) return undefined;
  for (const instance of [first, ...others]) loseKeywords(instance.block ?? [], keywordsOf.vrrpInstance, lose);
  const onInterface = textOf(first.block ?? [], 'interface');
  const same = others.filter((instance) => {
    const own = textOf(instance.block ?? [], 'interface');
    if (own !== onInterface)
      lose(
        instance.place,
        `${instanceText(instance)} is on ${own}: VIPs are on one interface, ${onInterface} is taken`,
      );
    return own === onInterface;
  });
  lose(
    first.place,
    'vrrp: priorities follow from the names of nodes; list the nodes in vrrp.peers, or in nodes.members',
  );
  const routerIds = routerIdsOf([first, ...same], vips, lose);
  return {
    ...(onInterface === undefined ? {} : { interface: onInterface }),
    ...(Object.keys(routerIds).length === 0 ? {} : { routerIds }),
    ...timesOf(first, lose),
    ...(lastOf(first.block ?? [], 'unicast_peer') === undefined ? {} : { transport: 'unicast' }),
  };
}

/** An instance's id is its first VIP's; the others get ids by a hash. */
function routerIdsOf(instances: readonly Statement[], vips: ReadonlySet<string>, lose: Lose): Record<string, number> {
  const ids: Record<string, number> = {};
  for (const instance of instances) {
    const id = Number(textOf(instance.block ?? [], 'virtual_router_id') ?? Number.NaN);
    const [first, ...others] = vipsOf(instance).filter((vip) => vips.has(vip));
    if (first === undefined || !(id >= 1 && id <= 255)) continue;
    const isTaken = Object.entries(ids).some(
      ([vip, other]) => other === id && vip.includes(':') === first.includes(':'),
    );
    if (isTaken)
      lose(
        instance.place,
        `${instanceText(instance)}: virtual_router_id ${id} is there already: ${first} gets another`,
      );
    else ids[first] ??= id;
    if (others.length > 0) {
      lose(
        instance.place,
        `${instanceText(instance)}: each VIP has an id of its own: ${id} is that of ${first}, and ${others.join(', ')} get others; vrrp.routerIds can say which`,
      );
    }
  }
  return ids;
}

function timesOf(
  { place, block = [] }: Statement,
  lose: Lose,
): Pick<VrrpSection, 'advertInterval' | 'preempt' | 'preemptDelay'> {
  const wanted = Number(textOf(block, 'advert_int') ?? 1);
  const seconds = Math.min(Math.max(wanted || 1, ADVERT_LEAST_SECONDS), ADVERT_MOST_SECONDS);
  if (seconds !== wanted)
    lose(
      place,
      `advert_int ${textOf(block, 'advert_int')}: ${durationText(seconds)} is taken (RFC 5798, section 5.2.7)`,
    );
  const delay = Number(textOf(block, 'preempt_delay') ?? 0);
  const isPreempting = lastOf(block, 'nopreempt') === undefined;
  return {
    ...(seconds === 1 ? {} : { advertInterval: durationText(Math.round(seconds * 100) / 100) }),
    ...(isPreempting ? {} : { preempt: false as const }),
    ...(isPreempting && delay > 0 && delay <= 1000 ? { preemptDelay: durationText(delay) } : {}),
  };
}

/** `192.168.200.16/24 dev eth1`: the address of each line. */
function vipsOf({ block = [] }: Statement): string[] {
  const lines = block
    .filter(({ keyword }) => keyword === 'virtual_ipaddress' || keyword === 'virtual_ipaddress_excluded')
    .flatMap(({ block: addresses = [] }) => addresses);
  return lines.flatMap(({ keyword }) => canonicalAddress(keyword.replace(/\/\d+$/, '')) ?? []);
}

function instanceText({ keyword, values }: Statement): string {
  return `${keyword} ${values.join(' ')}`;
}
