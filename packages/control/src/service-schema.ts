import { z } from 'zod';
import { announce } from './announce-schema.js';
import { discovery } from './discovery/discovery-schema.js';
import { duration } from './duration.js';
import { flowTimeout } from './flow-timeout-schema.js';
import { backendHealthCheck, fallback, healthCheck, minHealthy } from './health-schema.js';
import { routableAddress } from './ip-address-schema.js';
import { passiveCheck } from './passive-check-schema.js';
import { portNumber, ports } from './port-schema.js';
import { memberState, secondChance } from './second-chance-schema.js';
import { tableRows } from './table-rows-schema.js';

const connections = z.int().min(0).max(4_294_967_295);

/** An entry of `backends`. */
export const backendSchema = z.strictObject({
  name: z.string().min(1).describe('Default: the address.').optional(),
  address: routableAddress.describe("Of either family with ipip, gre and gue; of the VIP's with nat, fullnat and dr."),
  port: portNumber.describe("nat and fullnat: where the backend listens; default: the packet's port.").optional(),
  weight: z.int().min(0).max(65_535).describe('Share of new flows; 0: none.').default(1),
  state: memberState
    .describe(
      'draining: no new flows, as with weight 0. filling and inactive: of services with secondChance. Default: active.',
    )
    .optional(),
  maxConnections: connections
    .describe('With so many connections it takes no new flows (upper threshold); 0: no limit.')
    .default(0),
  minConnections: connections
    .describe('Until it has fewer than these (lower threshold); default: three quarters of maxConnections.')
    .optional(),
  healthCheck: backendHealthCheck.describe("Keys that differ from the service's; off: always healthy.").optional(),
});

const listener = z.strictObject({
  vip: routableAddress.describe('Virtual IP address, IPv4 or IPv6.'),
  protocol: z.enum(['tcp', 'udp', 'sctp', 'esp', 'ah']).describe('esp and ah have no ports: port all.').default('tcp'),
  port: ports.describe('A port, a range such as "8000-8999", or all that no other service of this VIP has.'),
});

const persistence = z.strictObject({
  timeout: flowTimeout.describe("Since the last packet of the client's network.").prefault('5m'),
  netmask: z.int().min(1).max(32).describe('Bits of an IPv4 address that tell clients apart.').default(32),
  netmask6: z.int().min(1).max(128).describe('The same for IPv6.').default(128),
});

const pinning = z.strictObject({
  learn: duration.describe('How long a new backend waits while its rows note the flows that pass.').prefault('60s'),
  hold: duration
    .describe('How long rows that moved go on noting flows; flows that are silent for longer may end up elsewhere.')
    .prefault('15m'),
});

const NO_BACKEND = 'has no backend; a VIP without backends serves nobody';

const serviceMapping = z.strictObject({
  name: z.string().min(1).describe('What commands, metrics and logs call it; one service, one name.'),
  vip: listener.shape.vip.optional(),
  protocol: listener.shape.protocol.unwrap().describe('Default: tcp.').optional(),
  port: listener.shape.port.optional(),
  listeners: z
    .array(listener)
    .min(1, 'names no listener')
    .describe('Instead of vip, protocol and port: several, which share backends, tables and flows.')
    .optional(),
  method: z
    .enum(['nat', 'fullnat', 'dr', 'ipip', 'gre', 'gue'])
    .describe('How packets travel to backends.')
    .default('ipip'),
  guePort: portNumber.describe("UDP port of GUE; default 6080 (IANA's).").optional(),
  gueHeader: z
    .enum(['gue', 'none'])
    .describe('gue: with a GUE header, the default; none: the packet right behind UDP, as FOU has it.')
    .optional(),
  toa: z
    .boolean()
    .describe("fullnat: tell the client's address in a TCP option of the handshake; default false.")
    .optional(),
  scheduler: z
    .enum(['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq', 'sh', 'dh', 'lblc', 'lblcr', 'mh', 'rendezvous'])
    .describe('How the backend of a new flow is picked; mh: Maglev hashing, the others as in ipvsadm(8). Default: mh.')
    .optional(),
  tableRows: tableRows.describe('Default: dataplane.tableRows.').optional(),
  persistence: persistence.describe('Flows of one client go to one backend.').optional(),
  mssClamp: z
    .int()
    .min(536)
    .max(65_495)
    .describe('Largest TCP MSS in bytes that a SYN may ask for; default: as the client asks.')
    .optional(),
  slowStart: duration.describe('How long the weight of a new backend takes to grow.').prefault('0s'),
  pinning: z
    .union([z.literal('off'), pinning])
    .describe('Flows stay where they are when backends come and go, on rows that this moves.')
    .default('off'),
  secondChance: secondChance
    .describe('gue: packets carry further backends to try, so that old flows are found. Needs the agent on backends.')
    .optional(),
  healthCheck: healthCheck.describe('How backends are asked whether they serve; off: all are healthy.').default('off'),
  passiveCheck: passiveCheck
    .describe('Backends that do not answer or refuse connections of clients are left out for a while; off: none is.')
    .default('off'),
  minHealthy: minHealthy
    .describe('With fewer healthy backends than that, a number or a share, all of them are used; 0: never.')
    .default(0),
  fallback: fallback.describe('Takes new flows while no other backend is usable; is not checked.').optional(),
  announce: announce.describe('Attributes of the routes to its VIPs, over bgp.announce.').prefault({}),
  backends: z.array(backendSchema).describe('Where its packets go.').default([]),
  discovery: discovery
    .describe('Where further backends come from; those of backends stay. Default: nowhere.')
    .optional(),
});

/** What Services of Kubernetes have defaults for. */
export const { method: serviceMethod, scheduler: serviceScheduler, toa: serviceToa } = serviceMapping.shape;

/** An entry of `services`. */
export const serviceSchema = withListenerRules(
  serviceMapping.refine(({ backends, discovery }) => discovery !== undefined || !isEmptyList(backends), {
    path: ['backends'],
    error: NO_BACKEND,
    when: isMapping,
  }),
);

/** The same where its name stands elsewhere, and backends too may. */
export const namelessServiceSchema = withListenerRules(serviceMapping.omit({ name: true }));

/** An entry of `services` as its author writes it. */
export type ServiceInput = z.input<typeof serviceSchema>;

/** An entry of `backends` as its author writes it. */
export type BackendInput = z.input<typeof backendSchema>;

/** What the schema makes of an entry of `services`. */
export type ServiceDocument = z.output<typeof serviceSchema>;

/** What the schema makes of an entry of `backends`. */
export type BackendDocument = z.output<typeof backendSchema>;

/** A service says what it listens to in one of two ways. */
function withListenerRules<T extends z.ZodType<Pick<z.output<typeof serviceMapping>, ListenerKey | 'listeners'>>>(
  schema: T,
): T {
  return schema
    .refine(({ vip, listeners }) => vip !== undefined || listeners !== undefined, missing('vip'))
    .refine(({ port, listeners }) => port !== undefined || listeners !== undefined, missing('port'))
    .refine(({ vip, listeners }) => vip === undefined || listeners === undefined, beside('vip'))
    .refine(({ protocol, listeners }) => protocol === undefined || listeners === undefined, beside('protocol'))
    .refine(({ port, listeners }) => port === undefined || listeners === undefined, beside('port'));
}

type ListenerKey = 'vip' | 'protocol' | 'port';

function missing(key: ListenerKey) {
  return { path: [key], error: 'is missing', when: isMapping };
}

function beside(key: ListenerKey) {
  return { path: [key], error: 'stands beside listeners, which say the same; leave out one of them', when: isMapping };
}

/** What else is wrong with an entry must not hide that it lacks a VIP. */
function isMapping({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}
