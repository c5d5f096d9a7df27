import { ChoiceTable } from '@weir/director';
import test from 'ava';
import { plainChoices } from './plain-choices.js';

test('plain JavaScript chooses as the table does', async (t) => {
  const seed = Uint8Array.from({ length: 16 }, (_, index) => index);
  const addresses = ['10.3.0.1', '10.3.0.2', 'fd00::3', '10.3.0.4', 'fd00::5'];
  const members = addresses.map((address) => ({ id: address, address, state: 'active', healthy: true }) as const);
  const { rows } = await ChoiceTable.build({ seed, choices: 3 }, members);
  t.deepEqual(plainChoices(seed, addresses, 256, 3), rows.slice(0, 256 * 3));
});
