import { z } from 'zod';
import { routableAddress } from '../ip-address-schema.js';
import { issueText } from '../issue-text.js';
import { serviceMethod, serviceScheduler } from '../service-schema.js';
import { parseYaml } from '../yaml-document.js';
import type { LoadBalancerService } from './load-balancer-service.js';

/** What a Service says in annotations, and in `spec.loadBalancerIP`. */
export interface ServiceWishes {
  /** Canonical. Empty: any. */
  readonly addresses: readonly string[];
  /** Name of a pool. */
  readonly pool?: string;
  /** Services that say the same may have one address, with different ports. */
  readonly sharedVip?: string;
  /** Keys of an entry of `services` in weir.yaml, as their author wrote them. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface ReadAnnotations {
  readonly wishes: ServiceWishes;
  /** What is wrong, annotation by annotation; such a one is left out of the wishes. */
  readonly problems: readonly string[];
}

const PREFIX = 'weir.io/';

/** What the operators and Kubernetes have to say themselves. */
const NOT_OPTIONS = [
  'name',
  'vip',
  'protocol',
  'port',
  'listeners',
  'backends',
  'discovery',
  'announce',
  'persistence',
  // It could be any address: one that the author's own pods may not reach, and nodes may.
  'fallback',
];

/** Keys of a health check that run programs of nodes, or read their files: whoever may write a Service is not to be root there. */
const NOT_OF_CHECKS = ['command', 'tls'];

const addressList = z.array(routableAddress).min(1);
const yesOrNo = z.enum(['true', 'false']).transform((text) => text === 'true');

/** Reads the annotations that begin with `weir.io/`. */
export function readAnnotations({ annotations, wishedAddress }: LoadBalancerService): ReadAnnotations {
  const problems: string[] = [];
  const wishes: { -readonly [K in keyof ServiceWishes]: ServiceWishes[K] } = {
    addresses:
      wishedAddress === undefined || wishedAddress === ''
        ? []
        : checkedAddresses('spec.loadBalancerIP', wishedAddress, problems),
    options: {},
  };
  const readers: Record<string, (text: string, where: string) => void> = {
    method: (text, where) => setOption('method', checked(serviceMethod, text, text, where, problems)),
    scheduler: (text, where) => setOption('scheduler', checked(serviceScheduler, text, text, where, problems)),
    toa: (text, where) => setOption('toa', checked(yesOrNo, text, text, where, problems)),
    options: (text, where) => {
      wishes.options = { ...optionsOf(text, where, problems), ...wishes.options };
    },
    addresses: (text, where) => {
      wishes.addresses = checkedAddresses(where, text, problems);
    },
    pool: (text) => {
      wishes.pool = text;
    },
    'shared-vip': (text) => {
      if (text !== '') wishes.sharedVip = text;
    },
  };
  const setOption = (name: string, value: unknown) => {
    if (value !== undefined) wishes.options = { ...wishes.options, [name]: value };
  };
  for (const [name, text] of Object.entries(annotations)) {
    if (!name.startsWith(PREFIX)) continue;
    const read = readers[name.slice(PREFIX.length)];
    if (read !== undefined) read(text, `annotation ${name}`);
    else
      problems.push(
        `annotation ${name} is not known; there are ${Object.keys(readers)
          .map((key) => PREFIX + key)
          .join(', ')}`,
      );
  }
  return { wishes, problems };
}

function checkedAddresses(where: string, text: string, problems: string[]): readonly string[] {
  return (
    checked(
      addressList,
      text.split(',').map((part) => part.trim()),
      text,
      where,
      problems,
    ) ?? []
  );
}

function checked<T>(
  schema: z.ZodType<T>,
  value: unknown,
  text: string,
  where: string,
  problems: string[],
): T | undefined {
  const { data, error } = schema.safeParse(value);
  for (const issue of error?.issues ?? []) problems.push(`${where}: ${JSON.stringify(text)} ${issueText(issue)}`);
  return data;
}

/** What is wrong with single values shows when the service is put together. */
function optionsOf(text: string, where: string, problems: string[]): Readonly<Record<string, unknown>> {
  const { value, problems: ofYaml } = parseYaml(text);
  if (ofYaml[0] !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)) {
    const why = ofYaml[0] === undefined ? '' : `: ${ofYaml[0].message}`;
    problems.push(`${where}: ${JSON.stringify(text)} is not a mapping such as "{ slowStart: 30s }"${why}`);
    return {};
  }
  const isRefused = ([key]: [string, unknown]) => NOT_OPTIONS.includes(key);
  const options = Object.entries(value);
  for (const [key] of options.filter(isRefused))
    problems.push(`${where}: ${key} is not for annotations: it follows from the Service, or from weir.yaml`);
  const ofChecks = checkProblems((value as { readonly healthCheck?: unknown }).healthCheck);
  problems.push(...ofChecks.map((problem) => `${where}: ${problem}`));
  return Object.fromEntries(
    options.filter((option) => !isRefused(option) && (option[0] !== 'healthCheck' || ofChecks.length === 0)),
  );
}

/** What only those may ask for who may write weir.yaml. */
function checkProblems(healthCheck: unknown): readonly string[] {
  if (typeof healthCheck !== 'object' || healthCheck === null) return [];
  const { kind } = healthCheck as { readonly kind?: unknown };
  const isScript = kind === 'script' ? ['healthCheck.kind: "script" runs programs on nodes: it'] : [];
  const keys = NOT_OF_CHECKS.filter((key) => key in healthCheck).map((key) => `healthCheck.${key}`);
  return [...isScript, ...keys].map((what) => `${what} is not for annotations; weir.yaml may have it`);
}
