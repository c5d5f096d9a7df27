import { z } from 'zod';
import { absolutePath } from '../absolute-path-schema.js';
import { duration } from '../duration.js';
import { type Endpoint, endpoint } from '../endpoint-schema.js';
import { portNumber } from '../port-schema.js';
import type { DiscoveryConfig } from './discovery-config.js';

const DNS_NAME = /^(?=.{1,254}$)(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?$/;

const dnsName = z.string().regex(DNS_NAME, 'is not a DNS name such as web.example.net');

const dns = z
  .strictObject({
    srv: dnsName.describe('SRV records to ask for, such as _http._tcp.example.net.').optional(),
    name: dnsName.describe('Name whose addresses are the backends.').optional(),
    port: portNumber
      .describe('With name, nat and fullnat: where they listen; default: the port of packets.')
      .optional(),
    weight: z
      .int()
      .min(0)
      .max(65_535)
      .describe('With name: of each; SRV records have their own. Default: 1.')
      .optional(),
    resolvers: z
      .array(endpoint)
      .min(1, 'names no resolver')
      .describe('Asked in this order, such as ["10.0.0.53:53"]; default: those of /etc/resolv.conf.')
      .optional(),
    timeout: duration.describe('Of one question to one resolver.').prefault('2s'),
    minTtl: duration.describe('Asked again no sooner, whatever the TTL.').prefault('1s'),
    maxTtl: duration.describe('Asked again no later.').prefault('5m'),
    keepNegative: duration.describe('How long backends stay when the name is gone, or has no records.').prefault('1m'),
    keepFailed: duration.describe('How long they stay when no resolver gives an answer.').prefault('24h'),
  })
  .refine(({ srv, name }) => (srv === undefined) !== (name === undefined), {
    error: 'needs one of srv and name',
    when: isMapping,
  })
  .refine(({ srv, port }) => srv === undefined || port === undefined, {
    path: ['port'],
    error: 'stands beside srv, whose records name ports; leave it out',
    when: isMapping,
  })
  .refine(({ srv, weight }) => srv === undefined || weight === undefined, {
    path: ['weight'],
    error: 'stands beside srv, whose records have weights; leave it out',
    when: isMapping,
  })
  .refine(({ minTtl, maxTtl }) => typeof minTtl !== 'number' || minTtl <= maxTtl, {
    error: 'has a minTtl of more than its maxTtl',
    when: isMapping,
  });

/** An entry of `services[].discovery`. */
const source = z
  .strictObject({
    file: absolutePath.describe('A list of entries as in backends, YAML or JSON; watched.').optional(),
    dns: dns.describe('Names in DNS.').optional(),
  })
  .refine(({ file, dns }) => (file === undefined) !== (dns === undefined), {
    error: 'needs one of file and dns',
    when: isMapping,
  });

/** `services[].discovery`. */
export const discovery = z.array(source).min(1, 'names no source');

/** What the schema makes of it, with units and without alternatives. */
export function discoveryConfigOf(sources: z.output<typeof discovery>): readonly DiscoveryConfig[] {
  return sources.map(({ file, dns }) =>
    dns === undefined ? { kind: 'file', file: file as string } : dnsConfigOf(dns),
  );
}

function dnsConfigOf({ srv, name, port, weight = 1, resolvers, ...times }: z.output<typeof dns>): DiscoveryConfig {
  return {
    kind: 'dns',
    records:
      srv === undefined
        ? { kind: 'addresses', name: name as string, weight, ...(port === undefined ? {} : { port }) }
        : { kind: 'srv', name: srv },
    ...(resolvers === undefined ? {} : { resolvers: resolvers satisfies readonly Endpoint[] }),
    timeoutMs: times.timeout,
    minTtlMs: times.minTtl,
    maxTtlMs: times.maxTtl,
    keepNegativeMs: times.keepNegative,
    keepFailedMs: times.keepFailed,
  };
}

function isMapping({ value }: { value: unknown }): boolean {
  return typeof value === 'object' && value !== null;
}
