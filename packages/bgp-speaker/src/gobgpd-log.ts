import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** A session's last words are near the end. */
const TAIL_BYTES = 64 * 1024;

/**
 * Why gobgpd ended its last session with a peer, or could not begin one, as its log has it. Undefined: it says nothing, or the
 * session is up.
 * @param log  lines as gobgpd 3 writes them with `--log-plain`: `level=info msg="Peer Down" Key=10.0.0.1 Reason=...`
 */
export function reasonInLog(log: string, peer: string): string | undefined {
  for (const line of log.split('\n').toReversed()) {
    const fields = fieldsOf(line);
    if (fields.get('Key') !== peer) continue;
    if (endOfSearch.has(fields.get('msg') ?? '')) return undefined;
    const reason = reasonOf(fields);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** The end of a log file; empty where there is none. */
export function tailOf(file: string): string {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(handle);
    const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
    const length = readSync(handle, tail, 0, tail.length, size - tail.length);
    return tail.toString('utf8', 0, length);
  } finally {
    closeSync(handle);
  }
}

/** What came before these is of another session. */
const endOfSearch: ReadonlySet<string> = new Set(['Peer Up', 'Add Peer', 'Add a peer configuration']);

/** In people's words, where gobgpd's own (FSMStateReasonType in pkg/server/fsm.go) say little. */
const inWords = new Map([
  ['hold-timer-expired', 'nothing was heard from it for the hold time'],
  ['read-failed', 'the connection broke'],
  ['write-failed', 'the connection broke'],
]);

function reasonOf(fields: ReadonlyMap<string, string>): string | undefined {
  const reason = fields.get('Reason');
  if (fields.get('msg') === 'Peer Down' && reason !== undefined) return inWords.get(reason) ?? reason;
  // Without a state there was no session: an OPEN that was refused.
  if (fields.get('msg') === 'sent notification' && !fields.has('State')) return fields.get('Data');
  return undefined;
}

function fieldsOf(line: string): ReadonlyMap<string, string> {
  const found = line.matchAll(/(\w+)=(?:"((?:[^"\\]|\\.)*)"|(\S+))/g);
  return new Map([...found].map(([, name = '', quoted, plain]) => [name, quoted ?? plain ?? '']));
}
