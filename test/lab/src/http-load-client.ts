/**
 * The program that {@link HttpLoad} runs on a host: asks for a page at a steady rate, each time over a connection of its
 * own, and prints a line of JSON for each answer, or what came instead. Arguments: URL, requests per second, timeout in
 * ms, and how many requests at the most. Ends by SIGTERM, after what is under way.
 */
import { get } from 'node:http';
import { argv } from 'node:process';

type Outcome = { readonly backend: string } | { readonly error: string };

const BROKEN = 'ended within the answer';
const [url, perSecond, timeoutMs, most] = [argv[2] as string, Number(argv[3]), Number(argv[4]), Number(argv[5])];
let asked = 0;
let underWay = 0;
let stopping = false;

const timer = setInterval(ask, 1000 / perSecond);
process.on('SIGTERM', stop);

function stop(): void {
  clearInterval(timer);
  stopping = true;
  if (underWay === 0) process.exit(0);
}

function ask(): void {
  asked++;
  underWay++;
  if (asked >= most) stop();
  const startedMs = performance.now();
  const request = get(url, { agent: false, timeout: timeoutMs }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    // Comes also where the connection broke within the answer, which is an error of neither request nor response.
    response.once('close', () => done(response.complete ? outcome(response.statusCode, body) : { error: BROKEN }));
  });
  // The option bounds silence on the socket only; this one bounds the whole.
  const deadline = setTimeout(() => request.destroy(new Error('timed out')), timeoutMs);
  request.once('error', (error) => done({ error: error.message }));

  let isDone = false;
  function done(result: Outcome): void {
    if (isDone) return;
    isDone = true;
    clearTimeout(deadline);
    underWay--;
    process.stdout.write(`${JSON.stringify({ ms: Math.round(performance.now() - startedMs), ...result })}\n`);
    if (stopping && underWay === 0) process.exit(0);
  }
}

function outcome(status: number | undefined, body: string): Outcome {
  return status === 200
    ? { backend: (JSON.parse(body) as { backend: string }).backend }
    : { error: `status ${status}` };
}
