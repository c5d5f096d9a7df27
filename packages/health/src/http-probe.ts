import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Ask, Settle } from './attempt.js';
import type { HttpProbe, ProbeTarget } from './health-check.js';
import { askOver } from './marked-socket.js';
import { reasonOf } from './reason.js';
import { speakTls } from './tls-socket.js';

/** So much of a body is searched for the text. */
const BODY_BYTES_MAX = 65_536;

/** Asks for a page over a connection of its own. */
export const askHttp: Ask<HttpProbe> = (probe, target, settle) =>
  askOver(target, (socket) => {
    const asked = requestOver(socket, probe, target);
    const fail = (error: Error) => settle(false, reasonOf(error));
    asked.on('error', fail);
    asked.on('response', (response) => {
      response.on('error', fail);
      judge(probe, response, settle);
    });
    asked.end();
    return () => asked.destroy();
  });

/** @throws {TypeError} what of the probe can't be said in HTTP */
function requestOver(socket: Socket, { tls, path, method, host }: HttpProbe, target: ProbeTarget): ClientRequest {
  return request({
    createConnection: () => (tls === undefined ? socket : speakTls(socket, target, tls, ['http/1.1'])),
    host: target.address,
    port: target.port,
    defaultPort: tls === undefined ? 80 : 443,
    path,
    method,
    headers: {
      'User-Agent': 'weir-health',
      Connection: 'close',
      ...(host !== undefined && { Host: host }),
    },
  });
}

function judge(probe: HttpProbe, response: IncomingMessage, settle: Settle): void {
  const status = response.statusCode as number;
  const { body } = probe;
  if (!probe.status.some(([from, to]) => from <= status && status <= to)) {
    settle(false, `status ${status}, expected ${probe.status.map(rangeText).join(', ')}`);
  } else if (body === undefined) {
    settle(true, `status ${status}`);
  } else {
    search(Buffer.from(body), response, (isFound) =>
      settle(isFound, `status ${status}, ${isFound ? 'and the body contains' : 'but the body lacks'} "${body}"`),
    );
  }
}

function search(text: Buffer, response: IncomingMessage, tell: (isFound: boolean) => void): void {
  let body = Buffer.alloc(0);
  response.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]).subarray(0, BODY_BYTES_MAX);
    if (body.includes(text)) tell(true);
    else if (body.byteLength === BODY_BYTES_MAX) tell(false);
  });
  response.on('end', () => tell(false));
}

function rangeText([from, to]: readonly [number, number]): string {
  return from === to ? String(from) : `${from}-${to}`;
}
