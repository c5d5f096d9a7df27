import { z } from 'zod';
import { duration, wholeSeconds } from './duration.js';
import { ipAddress, ipv4, ipv6, routableAddress } from './ip-address-schema.js';

const asn = z.int().min(1).max(4_294_967_295);
const tcpPort = z.int().min(1).max(65_535);
const community = z
  .string()
  .refine(
    (text) => isCommunity(text),
    'is not a community; write two numbers such as "64512:100", or a name such as no-export',
  );
const endpoint = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/, 'is not an address with a port, such as 127.0.0.1:50051');
const prime = z.int().min(2).max(16_777_213).refine(isPrime, 'is not a prime; 65537 is a good one');
const absolutePath = z.string().regex(/^\//, 'is not an absolute path');

/** Names that gobgpd and routers know (IANA "BGP Well-known Communities"). */
const wellKnownCommunities = [
  'no-export',
  'no-advertise',
  'no-export-subconfed',
  'no-peer',
  'blackhole',
  'graceful-shutdown',
];

const announce = z.strictObject({
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

const peer = z.strictObject({
  address: ipAddress.describe('Address of the router.'),
  asn: asn.describe('AS number of the router.'),
  port: tcpPort.default(179),
  holdTime: wholeSeconds
    .refine((ms) => ms >= 3000, 'is less than 3s, the least that BGP allows (RFC 4271, section 4.2)')
    .refine((ms) => ms <= 65_535_000, 'is more than 65535s, the most that BGP can say (RFC 4271, section 4.2)')
    .prefault('9s'),
  keepalive: wholeSeconds.describe('Default: a third of holdTime.').optional(),
  connectRetry: wholeSeconds.prefault('5s'),
  password: z.string().min(1).max(80).describe('TCP MD5 signature (RFC 2385).').optional(),
  multihop: z
    .int()
    .min(1)
    .max(255)
    .describe('TTL of the session, for an eBGP peer that is not on this link.')
    .optional(),
  localAddress: ipAddress.optional(),
  passive: z.boolean().describe('Wait for the router to connect.').default(false),
});

const bgp = z.strictObject({
  asn: asn.describe('AS number of this node.'),
  routerId: ipv4.describe('Default: node.address.').optional(),
  listenPort: z.int().min(-1).max(65_535).describe('-1: do not listen.').default(179),
  gobgpd: z
    .strictObject({
      run: z
        .enum(['child', 'external'])
        .describe('child: lb-node runs gobgpd; external: it takes one that runs.')
        .default('child'),
      api: endpoint.describe('Where gobgpd answers gRPC.').default('127.0.0.1:50051'),
      command: z.string().min(1).default('gobgpd'),
    })
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
  peers: z.array(peer).min(1, 'has no peer; without routers leave out bgp'),
  announce: announce.describe('Attributes of all routes; a service may override them.').prefault({}),
});

const backend = z.strictObject({
  name: z.string().min(1).describe('Default: the address.').optional(),
  address: routableAddress.describe('Of either family, whatever the VIP has.'),
  weight: z.int().min(0).max(65_535).describe('Share of new flows; 0: none.').default(1),
});

/** An entry of `services`. */
export const serviceSchema = z.strictObject({
  name: z.string().min(1),
  vip: routableAddress.describe('Virtual IP address, IPv4 or IPv6.'),
  protocol: z.enum(['tcp', 'udp']).default('tcp'),
  port: z.union([tcpPort, z.literal('all')]).describe('A port, or all that no other service of this VIP has.'),
  method: z.enum(['ipip', 'gue']).describe('How packets travel to backends.').default('ipip'),
  guePort: tcpPort.describe("UDP port of GUE; default 6080 (IANA's).").optional(),
  scheduler: z.enum(['mh']).describe('mh: Maglev hashing.').default('mh'),
  tableRows: prime.describe('Default: dataplane.tableRows.').optional(),
  announce: announce.prefault({}),
  backends: z.array(backend).min(1, 'has no backend; a VIP without backends serves nobody'),
});

/**
 * The document weir.yaml as its author writes it, each value for itself; what is wrong between values that are each
 * right, contradictions() finds.
 */
export const nodeSchema = z.strictObject({
  node: z.strictObject({
    name: z.string().min(1).describe('Default: the host name.').optional(),
    interfaces: z
      .array(z.string().min(1).max(15))
      .min(1, 'names no interface')
      .describe('Where packets for VIPs arrive.'),
    address: ipv4.describe("Source of encapsulated packets; default: the kernel's choice.").optional(),
    address6: ipv6.optional(),
  }),
  dataplane: z
    .strictObject({
      mode: z.enum(['auto', 'native', 'generic']).describe('auto: native XDP where the driver has it.').default('auto'),
      pinDirectory: absolutePath.default('/sys/fs/bpf/weir'),
      maxServices: z.int().min(1).max(65_535).default(64),
      maxBackends: z.int().min(1).max(65_535).describe('Sum over services.').default(4096),
      tableRows: prime.describe('Rows of a table, a prime.').default(65_537),
      hashSeed: z
        .union([
          z.int('is not a whole number below 2^53; write a larger one as text, such as "0x1f"').min(0),
          z.string().regex(/^0x[0-9a-fA-F]{1,16}$/, 'is not a number of 64 bits, such as "0x1f"'),
        ])
        .describe('Seed of the flow hash; the same on all nodes.')
        .default(0),
    })
    .prefault({}),
  bgp: bgp.describe('Without it nothing is announced.').optional(),
  runtimeDirectory: absolutePath.default('/run/weir'),
  shutdown: z
    .strictObject({ drain: duration.describe('Time between withdrawal and exit.').prefault('5s') })
    .prefault({}),
  log: z
    .strictObject({
      level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
      format: z.enum(['json', 'pretty']).default('json'),
    })
    .prefault({}),
  services: z.array(serviceSchema),
});

/** What the schema makes of a document: defaults filled in, durations in ms. */
export type NodeDocument = z.output<typeof nodeSchema>;

function isCommunity(text: string): boolean {
  if (wellKnownCommunities.includes(text)) return true;
  const parts = /^(\d{1,5}):(\d{1,5})$/.exec(text);
  return parts?.slice(1).every((part) => Number(part) <= 65_535) ?? false;
}

function isPrime(number: number): boolean {
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}
