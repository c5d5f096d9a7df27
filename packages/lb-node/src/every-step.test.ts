import test from 'ava';
import { everyStep } from './every-step.js';

test('a step that fails is said, and those after it are taken in their order', async (t) => {
  const said: string[] = [];
  const error = (_: object, text: string) => void said.push(text);
  await everyStep({ error }, [
    () => said.push('first'),
    () => {
      throw new Error('no');
    },
    () => Promise.reject(new Error('never')),
    () => said.push('last'),
  ]);
  t.deepEqual(said, [
    'first',
    'a step of the end failed: no; the others go on',
    'a step of the end failed: never; the others go on',
    'last',
  ]);
});
