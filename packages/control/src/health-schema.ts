import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { duration, durationUpTo } from './duration.js';
import { routableAddress } from './ip-address-schema.js';
import { portNumber } from './port-schema.js';
import { statusRanges } from './status-schema.js';

const PROBE_MIN_MS = 100;
const COUNT_MAX = 100;
const TEXT_MAX = 1024;

const checkInterval = duration.refine((ms) => ms >= PROBE_MIN_MS, {
  error: 'is less than 100ms; probes would be a load of their own',
  abort: true,
});
const count = z.int().min(1).max(COUNT_MAX);
const HOST_NAME = /^(?=.{1,253}$)([\w-]{1,63}\.)*[\w-]{1,63}$/;
const text = z.string().min(1, 'is empty').max(TEXT_MAX);

const tls = z.strictObject({
  serverName: text
    .regex(HOST_NAME, 'is not a host name; write one such as shop.example')
    .describe('Server name indication, and the name that the certificate has to have.')
    .optional(),
  verify: z.boolean().describe('Whether the certificate has to be right; default false.').optional(),
  ca: absolutePath
    .describe('verify: PEM file of who signed the certificate; default: those that the system knows.')
    .optional(),
});

const damping = z.strictObject({
  changes: z.int().min(2).max(COUNT_MAX).describe('Times that a backend may go down within the time.').default(3),
  within: duration
    .refine((ms) => ms > 0, 'is no time')
    .describe('The time that changes are counted in.')
    .prefault('5m'),
  hold: durationUpTo(3_600_000, '1h')
    .describe('How long a backend that goes down more often is held down.')
    .prefault('2m'),
});

/** All keys of a check; which of them have a meaning with which kind, {@link healthContradictions} says. */
const check = z.strictObject({
  kind: z
    .enum(['icmp', 'tcp', 'syn', 'http', 'https', 'dns', 'grpc', 'script'])
    .describe('syn: a SYN that is answered, and never a connection.'),
  port: portNumber.describe("Default: the backend's port, or else that of the service's first listener.").optional(),
  interval: checkInterval.describe('Between probes of one backend; default 2s.').optional(),
  fastInterval: checkInterval
    .describe('While the verdict may be changing; default: a quarter of interval, but at least 100ms.')
    .optional(),
  timeout: duration
    .refine((ms) => ms >= 10, {
      error: 'is less than 10ms; a backend would have to be on this very machine',
      abort: true,
    })
    .describe('How long a probe waits; default: 1s, but interval where that is shorter.')
    .optional(),
  rise: count.describe('Good probes in a row until a backend is up; default 2.').optional(),
  fall: count.describe('Bad ones in a row until it is down; default 3.').optional(),
  path: text
    .regex(/^\/[\x21-\x7e]*$/, 'is not a path; it begins with / and has only ASCII without blanks, others as %C3%BC')
    .describe('http, https: default /.')
    .optional(),
  method: z.enum(['GET', 'HEAD']).describe('http, https: default GET.').optional(),
  host: text
    .regex(/^[\w.:[\]-]+$/, 'is not a host; write a name such as shop.example')
    .describe('http, https: the header Host; default: the address.')
    .optional(),
  status: statusRanges.describe('http, https: codes that are well; default "200-399".').optional(),
  body: text.describe('http, https: text that the first 64 KiB of the body have to contain.').optional(),
  tls: tls.describe('https, grpc: of the connection; grpc: absent, in plain text.').optional(),
  name: z
    .string()
    .regex(
      /^(?=.{1,253}\.?$)(\.|([\w-]{1,63}\.)*[\w-]{1,63}\.?)$/,
      'is not a domain name; write one such as example.org',
    )
    .describe('dns: what is asked for.')
    .optional(),
  recordType: z.enum(['A', 'AAAA', 'SOA', 'NS', 'TXT', 'SRV']).describe('dns: default A.').optional(),
  transport: z.enum(['udp', 'tcp']).describe('dns: default udp.').optional(),
  service: z
    .string()
    .max(TEXT_MAX)
    .describe('grpc: what its health service is asked about; default: the whole server.')
    .optional(),
  command: z
    .array(text)
    .min(1, 'names no program')
    .max(64)
    .refine(
      ([program]) => program === undefined || program.startsWith('/'),
      'does not begin with the absolute path of a program',
    )
    .describe('script: a program and its arguments; exit code 0 is well.')
    .optional(),
  damping: z
    .union([z.literal('off'), damping])
    .describe('A backend that changes too often is held down; default: off.')
    .optional(),
});

/** `services[].healthCheck`. */
export const healthCheck = z.union([z.literal('off'), check]);

const ownKeys = check.partial();

/** `services[].backends[].healthCheck`: of each key, it is the backend's own, or else the service's. */
export const backendHealthCheck = z.union([z.literal('off'), ownKeys]);

/** What is said of a check in one place, before it is put together. */
export type HealthCheckDocument = z.output<typeof check>;
export type BackendHealthCheckDocument = z.output<typeof ownKeys>;

const PERCENTAGE = /^(\d{1,3})%$/;

/** `services[].minHealthy`: a number of backends, or a share of them as text, which becomes a fraction. */
export const minHealthy = z.union([
  z.int().min(0).max(65_535),
  z
    .string()
    .regex(PERCENTAGE, 'is not a number of backends or a share such as "50%"')
    .transform((written) => ({ share: Number.parseInt(written, 10) / 100 }))
    .refine(({ share }) => share <= 1, 'is more than 100%'),
]);

/** A number of backends, or a share of those there are. */
export type MinHealthy = z.output<typeof minHealthy>;

/** `services[].fallback`. */
export const fallback = z.strictObject({
  name: z.string().min(1).describe('Default: the address.').optional(),
  address: routableAddress.describe('As of a backend.'),
  port: portNumber.describe("nat and fullnat: where it listens; default: the packet's port.").optional(),
});
