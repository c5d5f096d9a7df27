/** A program of its own that brings a lab up, says its id, and ends in the way that its argument names. */
import { setTimeout as delay } from 'node:timers/promises';
import { Lab } from './lab.js';
import { pair } from './pair-topology.fixture.js';

const lab = await Lab.start(pair);
const shell = lab.host('left').spawn('sh', ['-c', 'sleep 1000 & echo started; wait']);
const endsAtOnce = process.argv[2] === 'throw' || process.argv[2] === 'exit';
if (!endsAtOnce) await shell.waitForLine(/started/);
process.stdout.write(`${lab.id}\n`);
switch (process.argv[2]) {
  case 'throw':
    throw new Error('nobody catches this');
  case 'exit':
    process.exit(7);
    break;
  default:
    await delay(60_000);
}
