import { type ClientHttp2Session, connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import type { Ask, Settle } from './attempt.js';
import { decodeHealthResponse, encodeHealthRequest } from './grpc-health.js';
import type { Probe } from './health-check.js';
import { askOver } from './marked-socket.js';
import { reasonOf } from './reason.js';
import { speakTls } from './tls-socket.js';

type GrpcProbe = Extract<Probe, { kind: 'grpc' }>;

/** More than any answer of the health service has. */
const ANSWER_BYTES_MAX = 1024;

/**
 * Calls grpc.health.v1.Health/Check. Over HTTP/2 as Node.js has it: @grpc/grpc-js makes its sockets itself, without a mark,
 * and hides why one failed behind attempts to reconnect.
 */
export const askGrpc: Ask<GrpcProbe> = (probe, target, settle) =>
  askOver(target, (socket) => {
    const { tls } = probe;
    const session = connect(`${tls === undefined ? 'http' : 'https'}://${tls?.serverName ?? 'backend'}`, {
      createConnection: () => (tls === undefined ? socket : speakTls(socket, target, tls, ['h2'])),
    });
    session.on('error', (error) => settle(false, reasonOf(error)));
    callOver(session, probe, settle);
    return () => session.destroy();
  });

function callOver(session: ClientHttp2Session, { service }: GrpcProbe, settle: Settle): void {
  const call = session.request({
    ':method': 'POST',
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  let answer: Buffer = Buffer.alloc(0);
  call.on('error', (error) => settle(false, reasonOf(error)));
  call.on('response', (headers) => judgeHeaders(headers, settle));
  call.on('data', (chunk: Buffer) => {
    answer = Buffer.concat([answer, chunk]).subarray(0, ANSWER_BYTES_MAX);
  });
  call.on('trailers', (trailers) => judge(answer, trailers, settle));
  call.on('end', () => settle(false, 'the answer ended without a gRPC status'));
  call.end(encodeHealthRequest(service));
}

/** A failed call may be answered by headers alone ("gRPC over HTTP2", Trailers-Only). */
function judgeHeaders(headers: IncomingHttpHeaders & IncomingHttpStatusHeader, settle: Settle): void {
  if (headers[':status'] !== 200) settle(false, `status ${headers[':status']}, expected gRPC's 200`);
  else if (headers['grpc-status'] !== undefined) judge(Buffer.alloc(0), headers, settle);
}

function judge(answer: Buffer, trailers: IncomingHttpHeaders, settle: Settle): void {
  const code = trailers['grpc-status'];
  if (code === '0') {
    const status = decodeHealthResponse(answer);
    settle(status === 'SERVING', status ?? 'the answer is not of grpc.health.v1');
  } else {
    const message = readable(String(trailers['grpc-message'] ?? ''));
    settle(false, `gRPC status ${code}${message === '' ? '' : `: ${message}`}`);
  }
}

/** Messages come percent-encoded ("gRPC over HTTP2", Status-Message); one that is not, as it is. */
function readable(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
