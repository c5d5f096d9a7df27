import { getServers } from 'node:dns';
import { isIPv6 } from 'node:net';
import type { Answer, DecodedPacket, SrvData } from 'dns-packet';
import { type Endpoint, parsedEndpoint } from '../endpoint-schema.js';
import { type DnsQuestion, queryDns } from './dns-query.js';

/** CNAMEs in a row that are followed. */
const ALIASES_MAX = 16;
const DNS_PORT = 53;
/** Where no SOA record says how long a name is known to be missing (RFC 2308, section 5). */
const NEGATIVE_TTL_S = 5;

/** Records of one name and type, with the smallest TTL on the way to them; none: the name has none. */
export interface DnsRecords<T> {
  readonly records: readonly T[];
  readonly ttlSeconds: number;
}

export type RecordsOf = { readonly SRV: SrvData; readonly A: string; readonly AAAA: string };

/** Asks resolvers one after the other until one gives an answer, be it that there is none. */
export class DnsLookup {
  readonly #resolvers: readonly Endpoint[] | undefined;
  readonly #timeoutMs: number;

  /** @param resolvers  undefined: those of /etc/resolv.conf, as it is at each question */
  constructor(resolvers: readonly Endpoint[] | undefined, timeoutMs: number) {
    this.#resolvers = resolvers;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws {Error} no resolver gave an answer; says what each of them did instead */
  async ask<T extends keyof RecordsOf>(name: string, type: T, signal: AbortSignal): Promise<DnsRecords<RecordsOf[T]>> {
    const failures: string[] = [];
    for (const resolver of this.#resolvers ?? systemResolvers()) {
      try {
        const answer = await this.#askOne({ name, type }, resolver, signal);
        const code = answer.rcode;
        if (code === 'NOERROR' || code === 'NXDOMAIN') return recordsIn(answer, name, type);
        failures.push(`${textOf(resolver)} answers ${code}`);
      } catch (error) {
        signal.throwIfAborted();
        failures.push(`${textOf(resolver)}: ${this.#failureText(error as Error)}`);
      }
    }
    throw new Error(`no answer to ${name} ${type}: ${failures.join('; ')}`);
  }

  /** One controller a question: what AbortSignal.any() makes would stay with the signal, which lives as long as the daemon. */
  async #askOne(question: DnsQuestion, resolver: Endpoint, signal: AbortSignal): Promise<DecodedPacket & RcodeOf> {
    signal.throwIfAborted();
    const limit = new AbortController();
    const stop = () => limit.abort(signal.reason);
    const timer = setTimeout(() => limit.abort(), this.#timeoutMs);
    signal.addEventListener('abort', stop);
    try {
      return (await queryDns(question, resolver, limit.signal)) as DecodedPacket & RcodeOf;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }

  #failureText(error: Error): string {
    return error.name === 'AbortError' || error.name === 'TimeoutError'
      ? `no answer in ${this.#timeoutMs} ms`
      : error.message;
  }
}

/** What dns-packet decodes and its types do not tell. */
interface RcodeOf {
  readonly rcode: string;
}

/** The records at the end of the name's aliases. */
export function recordsIn<T extends keyof RecordsOf>(
  { answers = [], authorities = [] }: DecodedPacket,
  name: string,
  type: T,
): DnsRecords<RecordsOf[T]> {
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let owner = name.toLowerCase();
  for (let aliases = 0; aliases < ALIASES_MAX; aliases++) {
    const own = answers.filter((answer) => answer.name.toLowerCase() === owner);
    const wanted = own.filter((answer) => answer.type === type) as unknown as readonly {
      readonly data: RecordsOf[T];
    }[];
    const alias = own.find((answer) => answer.type === 'CNAME');
    ttlSeconds = Math.min(ttlSeconds, ...[...wanted, ...(alias === undefined ? [] : [alias])].map(ttlOf));
    if (wanted.length > 0) return { records: wanted.map(({ data }) => data), ttlSeconds };
    if (alias === undefined) break;
    owner = (alias as { data: string }).data.toLowerCase();
  }
  return { records: [], ttlSeconds: Math.min(ttlSeconds, negativeTtl(authorities)) };
}

function negativeTtl(authorities: readonly Answer[]): number {
  const soa = authorities.find((authority) => authority.type === 'SOA');
  return soa?.type === 'SOA' ? Math.min(ttlOf(soa), soa.data.minimum ?? NEGATIVE_TTL_S) : NEGATIVE_TTL_S;
}

function ttlOf(answer: object): number {
  return (answer as { ttl?: number }).ttl ?? 0;
}

/** Node tells them with a port where it is not 53. */
function systemResolvers(): readonly Endpoint[] {
  return getServers().map((text) => parsedEndpoint(text) ?? { host: text, port: DNS_PORT });
}

function textOf({ host, port }: Endpoint): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
