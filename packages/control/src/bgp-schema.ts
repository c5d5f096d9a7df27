import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { announce } from './announce-schema.js';
import { duration, wholeSeconds } from './duration.js';
import { endpointText } from './endpoint-schema.js';
import { ipAddress, ipv4 } from './ip-address-schema.js';
import { portNumber } from './port-schema.js';

const asn = z.int().min(1).max(4_294_967_295);

const peer = z.strictObject({
  address: ipAddress.describe('Address of the router.'),
  asn: asn.describe('AS number of the router.'),
  port: portNumber.describe('Where the router listens.').default(179),
  holdTime: wholeSeconds
    .refine((ms) => ms >= 3000, 'is less than 3s, the least that BGP allows (RFC 4271, section 4.2)')
    .refine((ms) => ms <= 65_535_000, 'is more than 65535s, the most that BGP can say (RFC 4271, section 4.2)')
    .describe('After so long without a word the router takes the node for gone; the shorter of both ends counts.')
    .prefault('3s'),
  keepalive: wholeSeconds.describe('Default: a third of holdTime.').optional(),
  connectRetry: wholeSeconds.describe('Between two attempts to connect.').prefault('5s'),
  password: z.string().min(1).max(80).describe('TCP MD5 signature (RFC 2385).').optional(),
  multihop: z
    .int()
    .min(1)
    .max(255)
    .describe('TTL of the session, for an eBGP peer that is not on this link.')
    .optional(),
  localAddress: ipAddress.describe("Of the session at this end; default: the kernel's choice.").optional(),
  passive: z.boolean().describe('Wait for the router to connect.').default(false),
});

/** Attributes that make a route less wanted. */
const backupPools = z.strictObject({
  prepend: announce.shape.prepend
    .unwrap()
    .describe('Times more than announce.prepend; default: 3, or 0 where a peer has the own AS number.')
    .optional(),
  med: announce.shape.med
    .unwrap()
    .describe('Default: none, or 100 more than announce.med where a peer has the own AS number.')
    .optional(),
  localPreference: announce.shape.localPreference
    .unwrap()
    .describe('Default: none, or half of announce.localPreference where a peer has the own AS number.')
    .optional(),
});

/** The section `bgp`. */
export const bgp = z.strictObject({
  asn: asn.describe('AS number of this node.'),
  routerId: ipv4.describe('Default: node.address.').optional(),
  listenPort: z.int().min(-1).max(65_535).describe('-1: do not listen.').default(179),
  gobgpd: z
    .strictObject({
      run: z
        .enum(['child', 'external'])
        .describe('child: lb-node runs gobgpd; external: it takes one that runs.')
        .default('child'),
      api: endpointText.describe('Where gobgpd answers gRPC.').default('127.0.0.1:50051'),
      command: z.string().min(1).describe('child: the program, by its path or found in PATH.').default('gobgpd'),
    })
    .describe('The process that speaks BGP.')
    .prefault({}),
  gracefulRestart: z
    .union([
      z.literal('off'),
      wholeSeconds.refine(
        (ms) => ms <= 4_095_000,
        'is more than 4095s, the most that BGP can say (RFC 4724, section 3)',
      ),
    ])
    .describe('How long routers keep the routes while gobgpd restarts.')
    .prefault('30s'),
  gracefulShutdown: z
    .union([z.literal('off'), duration])
    .describe(
      'How long routes stay announced with GRACEFUL_SHUTDOWN (RFC 8326) before a node that drains withdraws them.',
    )
    .prefault('1s'),
  maxVips: z
    .int()
    .min(1, 'is less than 1; a node that is to announce nothing has node.state draining')
    .describe('How many VIPs this node announces at most; which ones, names decide. Default: all.')
    .optional(),
  overridesFile: absolutePath
    .describe('Where "lb-node announce" keeps what operators want of single VIPs.')
    .default('/var/lib/weir/announce.json'),
  peers: z
    .array(peer)
    .min(1, 'has no peer; without routers leave out bgp')
    .describe('Routers that are told of the VIPs.'),
  announce: announce.describe('Attributes of all routes; a service may override them.').prefault({}),
  announcePools: z
    .boolean()
    .describe(
      'Tell routers of the local addresses of all nodes (fullnat); needs state.store redis. Default: true with it.',
    )
    .optional(),
  backupPools: backupPools
    .describe("Attributes of routes to other nodes' local addresses: less wanted than the node's own.")
    .prefault({}),
});
