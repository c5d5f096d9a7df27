import { get } from 'node:http';
import { connect } from 'node:net';
import type { ProbedBy } from './probing.js';

/** The rival: probes all backends at each tick of an interval, as one would write it first. */
export const probeInPlainLoop: ProbedBy = ({ kind, ports, intervalMs }, count) => {
  const probe = kind === 'tcp' ? connectPlainly : getPlainly;
  const loop = setInterval(() => {
    for (const port of ports) {
      const begunMs = performance.now();
      probe(port, (isWell) => count(isWell, begunMs));
    }
  }, intervalMs);
  return () => clearInterval(loop);
};

function connectPlainly(port: number, tell: (isWell: boolean) => void): void {
  const socket = connect(port, '127.0.0.1', () => {
    socket.destroy();
    tell(true);
  });
  socket.setTimeout(1000, () => socket.destroy(new Error('timeout')));
  socket.on('error', () => tell(false));
}

function getPlainly(port: number, tell: (isWell: boolean) => void): void {
  const asked = get({ host: '127.0.0.1', port, agent: false, timeout: 1000 }, (response) => {
    response.resume();
    tell(response.statusCode === 200);
  });
  asked.on('timeout', () => asked.destroy());
  asked.on('error', () => tell(false));
}
