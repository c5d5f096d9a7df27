import type { CheckInput, Lose } from '../ipvsadm/placed-service.js';
import { lastOf, type Statement, textOf } from './block.js';
import { found, type Scopes } from './check-times.js';
import { keywordsOf, loseKeywords } from './keyword-losses.js';

type Status = NonNullable<CheckInput['status']>;

const PATH = /^\/[\x21-\x7e]*$/;
const HOST = /^[\w.:[\]-]+$/;
/** Without a word in it that means something else to regular expressions. */
const PLAIN_TEXT = /^[^\\^$.|?*+()[\]{}]+$/;
const STATUS = /^[1-5]\d\d(-[1-5]\d\d)?$/;
/** Where keepalived is told nothing. */
const STATUS_DEFAULT = '200-299';

/** HTTP_GET and SSL_GET. One URL of each is asked. */
export function carryHttp(statement: Statement, scopes: Scopes, lose: Lose): CheckInput {
  const { keyword, block = [] } = statement;
  const [first, ...others] = block.filter((one) => one.keyword === 'url');
  for (const { place, block: url = [] } of others) {
    lose(place, `url ${textOf(url, 'path') ?? '/'}: a check asks one URL; kind script can ask several`);
  }
  const url = first?.block ?? [];
  loseKeywords(url, keywordsOf.url, lose);
  const host = hostOf([...scopes, url], lose);
  const body = bodyOf(url, lose);
  const isTls = keyword === 'SSL_GET';
  return {
    kind: isTls ? 'https' : 'http',
    path: pathOf(url, lose),
    status: statusOf(url, lose),
    ...(host === undefined ? {} : { host }),
    ...(body === undefined ? {} : { body }),
    ...(isTls && host !== undefined && lastOf(block, 'enable_sni') !== undefined ? { tls: { serverName: host } } : {}),
  };
}

function pathOf(url: readonly Statement[], lose: Lose): string {
  const path = textOf(url, 'path') ?? '/';
  if (PATH.test(path)) return path;
  lose(
    lastOf(url, 'path')?.place ?? '',
    `path "${path}" does not begin with /, or has other letters than ASCII: / is taken`,
  );
  return '/';
}

function hostOf(scopes: Scopes, lose: Lose): string | undefined {
  const statement = found(scopes, 'virtualhost');
  const host = statement?.values[0];
  if (statement === undefined || host === undefined || HOST.test(host)) return host;
  lose(statement.place, `virtualhost "${host}" is not a host: left out`);
  return undefined;
}

function bodyOf(url: readonly Statement[], lose: Lose): string | undefined {
  const statement = lastOf(url, 'regex');
  const text = statement?.values.join(' ');
  if (statement === undefined || text === undefined) return undefined;
  if (PLAIN_TEXT.test(text) && lastOf(url, 'regex_no_match') === undefined) return text;
  lose(statement.place, `regex ${text}: a body is searched for a text; give healthCheck.body one, or use kind script`);
  return undefined;
}

function statusOf(url: readonly Statement[], lose: Lose): Status {
  const statement = lastOf(url, 'status_code');
  const codes = (statement?.values ?? []).filter((code) => {
    if (!STATUS.test(code))
      lose(statement?.place ?? '', `status_code ${code} is neither a code nor a range of them: left out`);
    return STATUS.test(code);
  });
  const [only = STATUS_DEFAULT, ...more] = codes.map((code) => (code.includes('-') ? code : Number(code)));
  return more.length === 0 ? only : [only, ...more];
}
