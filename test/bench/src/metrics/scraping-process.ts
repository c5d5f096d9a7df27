import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

/** Asks for each address that comes by the standard input, as Prometheus does by one connection; answers with the ms it took. */
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
for await (const url of createInterface(process.stdin)) {
  const begunMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, (response) => response.resume().once('end', resolve)).once('error', reject);
  });
  process.stdout.write(`${performance.now() - begunMs}\n`);
}
