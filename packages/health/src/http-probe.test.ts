import { createServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import test from 'ava';
import type { HttpProbe } from './health-check.js';
import { listening } from './test-support/listening.js';
import { probeOnce } from './test-support/probe-once.js';

const http: HttpProbe = { kind: 'http', path: '/healthz', method: 'GET', status: [[200, 399]] };

const finds = test.macro(
  async (t, answer: RequestListener, probe: Partial<HttpProbe>, isWell: boolean, reason: string) => {
    const port = await listening(t, createServer(answer));
    t.deepEqual(await probeOnce({ ...http, ...probe }, { address: '127.0.0.1', port }), { isWell, reason });
  },
);

const status =
  (code: number): RequestListener =>
  (_, response) =>
    void response.writeHead(code).end();
const body =
  (text: string): RequestListener =>
  (_, response) =>
    void response.end(text);
const sameHost: RequestListener = ({ headers, socket }, response) => {
  response.writeHead(headers.host === `127.0.0.1:${socket.localPort}` ? 200 : 500).end();
};

test('a status within the range is well', finds, status(302), {}, true, 'status 302');
test(
  'a status outside the range is told with the range',
  finds,
  status(503),
  {},
  false,
  'status 503, expected 200-399',
);
test(
  'several ranges and single codes are told as such',
  finds,
  status(404),
  {
    status: [
      [200, 200],
      [300, 399],
    ],
  },
  false,
  'status 404, expected 200, 300-399',
);
test('the header Host is the address and the port', finds, sameHost, {}, true, 'status 200');
test(
  'path, method and Host are asked as configured',
  finds,
  ({ url, method, headers }, response) => {
    const asked = `${method} ${url} ${headers.host}`;
    response.writeHead(asked === 'HEAD /ready?deep=1 www.example.org' ? 204 : 500).end();
  },
  { path: '/ready?deep=1', method: 'HEAD', host: 'www.example.org' },
  true,
  'status 204',
);
test(
  'a text that the body contains is found, also where chunks part it',
  finds,
  (_, response) => {
    response.write('all sys');
    setImmediate(() => response.end('tems go'));
  },
  { body: 'systems' },
  true,
  'status 200, and the body contains "systems"',
);
test(
  'a body without the text is not well',
  finds,
  body('maintenance'),
  { body: 'systems' },
  false,
  'status 200, but the body lacks "systems"',
);
test(
  'a text behind the first 64 KiB is not looked for',
  finds,
  body(`${'x'.repeat(65_536)}systems`),
  { body: 'systems' },
  false,
  'status 200, but the body lacks "systems"',
);
test(
  'a body that never ends is given up when its 64 KiB are read',
  finds,
  (_, response) => void response.write('x'.repeat(131_072)),
  { body: 'systems' },
  false,
  'status 200, but the body lacks "systems"',
);
test(
  'a connection that ends before an answer is told',
  finds,
  ({ socket }) => void socket.end(),
  {},
  false,
  'connection closed without an answer',
);

test('a port that nobody listens on is refused', async (t) => {
  const found = await probeOnce(http, { address: '127.0.0.1', port: 1 });
  t.deepEqual(found, { isWell: false, reason: 'connection refused' });
});

test('a server that accepts and says nothing is down with how long it was waited for', async (t) => {
  const port = await listening(
    t,
    createTcpServer((socket) => socket.on('error', () => {})),
  );
  const found = await probeOnce(http, { address: '127.0.0.1', port }, 100);
  t.deepEqual(found, { isWell: false, reason: 'no answer within 100 ms' });
});

test('what is not HTTP is told as such', async (t) => {
  const server = createTcpServer((socket) => socket.on('error', () => {}).end('220 mail.example.org ESMTP\r\n'));
  const port = await listening(t, server);
  const found = await probeOnce(http, { address: '127.0.0.1', port });
  t.deepEqual(found, { isWell: false, reason: 'the answer is not HTTP' });
});
