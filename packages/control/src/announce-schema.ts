import { z } from 'zod';
import { ipv4, ipv6 } from './ip-address-schema.js';

/** Names that gobgpd and routers know (IANA "BGP Well-known Communities"). */
const wellKnownCommunities = [
  'no-export',
  'no-advertise',
  'no-export-subconfed',
  'no-peer',
  'blackhole',
  'graceful-shutdown',
];

const community = z
  .string()
  .refine(
    (text) => isCommunity(text),
    'is not a community; write two numbers such as "64512:100", or a name such as no-export',
  );

/** Attributes of routes: of all under `bgp.announce`, of one VIP's under `services[].announce`. */
export const announce = z.strictObject({
  communities: z.array(community).describe('Communities that the routes carry.').optional(),
  med: z.int().min(0).max(4_294_967_295).describe('Multi-exit discriminator.').optional(),
  prepend: z
    .int()
    .min(0)
    .max(16)
    .describe('Times that the own AS number is put in front of the AS path once more.')
    .optional(),
  localPreference: z.int().min(0).max(4_294_967_295).describe('For iBGP peers.').optional(),
  nextHop: ipv4.describe('Next hop of IPv4 routes; default node.address.').optional(),
  nextHop6: ipv6.describe('Next hop of IPv6 routes; default node.address6.').optional(),
});

function isCommunity(text: string): boolean {
  if (wellKnownCommunities.includes(text)) return true;
  const parts = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  return parts?.slice(1).every((part) => Number(part) <= 65_535) ?? false;
}
