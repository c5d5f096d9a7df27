import test from 'ava';
import { attemptCases } from '../test-support/attempt-cases.js';
import { backend, bytesOf, engineWith, IFINDEX, ticksIn } from './test-support/engine.js';

for (const [title, frames, expected] of attemptCases) {
  test(title, (t) => {
    const to = { address: backend[4], port: 8080 };
    const engine = engineWith([{ forwarding: { method: 'nat' }, backends: [to], watched: true }]);
    for (const [second, frame] of frames) engine.forward(bytesOf(frame), IFINDEX, ticksIn(100 + second));
    t.deepEqual(engine.counters().services[0]?.backends[0]?.attempts, expected);
  });
}
