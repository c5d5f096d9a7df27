import { z } from 'zod';
import { duration } from './duration.js';
import { ipAddress, ipv4, ipv6 } from './ip-address-schema.js';
import { NODES_MAX } from './nodes-schema.js';

/** RFC 5798, section 5.2.7: hundredths of a second, 12 bits. */
const advertInterval = duration
  .refine(
    (ms) => ms >= 100,
    'is less than 100ms, which scheduling alone can take; nodes would take VIPs from each other',
  )
  .refine((ms) => ms <= 40_950, 'is more than 40.95s, the most that VRRP can say (RFC 5798, section 5.2.7)')
  .refine((ms) => ms % 10 === 0, 'is no multiple of 10ms, as VRRP counts them (RFC 5798, section 5.2.7)');

const peer = z.strictObject({
  name: z.string().min(1).describe('What it has as node.name.'),
  address: ipv4.describe('On the network of vrrp.interface; unicast needs it.').optional(),
  address6: ipv6.describe('The same for IPv6.').optional(),
});

/** The section `vrrp`. */
export const vrrp = z.strictObject({
  interface: z
    .string()
    .min(1)
    .max(15)
    .describe('Where VIPs are answered for and nodes hear each other; default: the first of node.interfaces.')
    .optional(),
  routerIds: z
    .record(ipAddress, z.int().min(1, 'is less than 1').max(255, 'is more than 255'))
    .describe('Virtual router ids of VIPs, unique on the network and per family. Default: by a hash of the VIP.')
    .default({}),
  advertInterval: advertInterval
    .describe('How often the node that has a VIP says so; after three without a word another takes it.')
    .prefault('1s'),
  preempt: z.boolean().describe('A node that is back takes its VIPs from those that stood in.').default(true),
  preemptDelay: duration
    .refine((ms) => ms <= 1_000_000, 'is more than 1000s, the most that keepalived takes')
    .describe('How long a node that is back waits before it does.')
    .prefault('0s'),
  transport: z
    .enum(['multicast', 'unicast'])
    .describe('unicast: where the network carries no multicast; every peer needs its address.')
    .default('multicast'),
  peers: z
    .array(peer)
    .min(1, 'names no node')
    .max(NODES_MAX, `names more than ${NODES_MAX} nodes`)
    .describe('All nodes, this one among them; the same list on all. Default: nodes.members.')
    .optional(),
  gratuitousArp: z
    .strictObject({
      repeat: z.int().min(1).max(60).describe('How many are sent for a VIP that is taken.').default(5),
      again: duration.describe('When as many are sent again, for those who missed the first.').prefault('5s'),
      refresh: z
        .union([z.literal('off'), duration.refine((ms) => ms >= 1000, 'is less than 1s')])
        .describe('How often one is sent while the VIP is here.')
        .default('off'),
    })
    .describe('What tells the network that a VIP has moved: gratuitous ARP, and unsolicited neighbour advertisements.')
    .prefault({}),
  keepalived: z
    .strictObject({
      command: z.string().min(1).describe('The program, by its path or found in PATH.').default('keepalived'),
    })
    .describe('The process that speaks VRRP.')
    .prefault({}),
});
