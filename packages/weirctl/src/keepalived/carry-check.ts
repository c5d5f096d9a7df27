import type { CheckInput, Lose } from '../ipvsadm/placed-service.js';
import { splitQuoted } from '../ipvsadm/split-quoted.js';
import { type Statement, textOf } from './block.js';
import { checkTimes, found, type Scopes, type TimeDefaults } from './check-times.js';
import { carryHttp } from './http-check.js';
import { keywordsOf, loseKeywords } from './keyword-losses.js';

/** A real server that is checked. */
export interface CheckedServer {
  readonly address: string;
  /** 0: none was given. */
  readonly port: number;
  /** Statements of the virtual server and of the real server. */
  readonly scopes: Scopes;
}

const usual: TimeDefaults = { retry: 1, delayBeforeRetrySeconds: 1 };
const defaults: Readonly<Record<string, TimeDefaults>> = {
  HTTP_GET: { retry: 1, delayBeforeRetrySeconds: 3 },
  SSL_GET: { retry: 1, delayBeforeRetrySeconds: 3 },
  DNS_CHECK: { retry: 3, delayBeforeRetrySeconds: undefined },
  MISC_CHECK: { retry: 0, delayBeforeRetrySeconds: 1 },
};

const recordTypes = ['A', 'AAAA', 'SOA', 'NS', 'TXT'] as const;

/** Is it a check of a real server? */
export function isCheck({ keyword }: Statement): boolean {
  return /^[A-Z]+_(CHECK|GET)$/.test(keyword);
}

/** @returns undefined: Weir has none like it */
export function carryCheck(statement: Statement, server: CheckedServer, lose: Lose): CheckInput | undefined {
  const { place, keyword, block = [] } = statement;
  loseKeywords(block, keywordsOf.check, lose);
  const scopes = [...server.scopes, block];
  const times = checkTimes(scopes, defaults[keyword] ?? usual, lose);
  const probe = probeOf(statement, scopes, lose);
  if (probe === undefined) return undefined;
  if (probe.kind === 'icmp' || probe.kind === 'script') return { ...probe, ...times };
  const port = checkedPort(statement, server, lose);
  if (port !== undefined) return { ...probe, port, ...times };
  lose(place, `${keyword} has no port, and the real server none; give connect_port: no check`);
  return undefined;
}

function probeOf(statement: Statement, scopes: Scopes, lose: Lose): CheckInput | undefined {
  const { place, keyword, block = [] } = statement;
  switch (keyword) {
    case 'TCP_CHECK':
      return { kind: 'tcp' };
    case 'PING_CHECK':
      return { kind: 'icmp' };
    case 'HTTP_GET':
    case 'SSL_GET':
      return carryHttp(statement, scopes, lose);
    case 'DNS_CHECK':
      return { kind: 'dns', name: textOf(block, 'name') ?? '.', recordType: recordTypeOf(block, lose) };
    case 'SMTP_CHECK':
      lose(
        place,
        'SMTP_CHECK: kind tcp is taken, which looks whether a connection opens; kind script with a program can speak SMTP',
      );
      return { kind: 'tcp' };
    case 'UDP_CHECK':
      lose(
        place,
        'UDP_CHECK: kind icmp is taken, which looks whether the host answers; kind script with a program, or kind dns, can ask the server',
      );
      return { kind: 'icmp' };
    case 'MISC_CHECK':
      return scriptOf(statement, lose);
    default:
      lose(
        place,
        `${keyword}: there is no such kind; kind script runs a program, bgp and vrrp have their own ways to see a neighbour: no check`,
      );
      return undefined;
  }
}

function scriptOf({ place, block = [] }: Statement, lose: Lose): CheckInput | undefined {
  const command = splitQuoted(textOf(block, 'misc_path') ?? '');
  if (command[0]?.startsWith('/') === true) return { kind: 'script', command };
  lose(place, `misc_path "${command.join(' ')}" does not begin with the absolute path of a program: no check`);
  return undefined;
}

function recordTypeOf(block: readonly Statement[], lose: Lose): NonNullable<CheckInput['recordType']> {
  const statement = block.find(({ keyword }) => keyword === 'type');
  const type = statement?.values[0] ?? 'SOA';
  const known = recordTypes.find((one) => one === type.toUpperCase());
  if (known === undefined)
    lose(statement?.place ?? '', `type ${type} is none of ${recordTypes.join(' ')}: SOA is taken`);
  return known ?? 'SOA';
}

/** SMTP_CHECK has it in blocks of its hosts. */
function checkedPort(
  { block = [] }: Statement,
  { address, port, scopes }: CheckedServer,
  lose: Lose,
): number | undefined {
  const hosts = block.filter(({ keyword }) => keyword === 'host').map((host) => host.block ?? []);
  const [own = []] = hosts.filter((host) => (textOf(host, 'connect_ip') ?? address) === address);
  for (const { place, values } of [block, ...hosts].flatMap((part) =>
    part.filter((one) => one.keyword === 'connect_ip'),
  )) {
    if (values[0] !== address)
      lose(place, `connect_ip ${values[0]}: probes go to the backend, ${address}; kind script can ask others`);
  }
  const text = textOf(own, 'connect_port') ?? found([...scopes, block], 'connect_port')?.values[0];
  const number = text === undefined ? port : Number(text);
  return number > 0 && number <= 65_535 ? number : undefined;
}
