import type { Path, Scale } from './contender.js';
import { bracketed, startRival } from './rival-lab.js';

/** The client to the first backend, with nothing between but the router: what the machine can do at best. */
export async function startDirect(scale: Scale): Promise<Path> {
  let backend = '';
  const path = await startRival(scale, async ({ backends }) => {
    backend = backends[0] ?? '';
    return 'no balancer: the client connects to backend1';
  });
  return { ...path, nodes: [], url: `http://${bracketed(backend)}/` };
}
