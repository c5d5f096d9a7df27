import test from 'ava';
import { labels, moreLabel, NO_LABELS } from './metric-family.js';
import { PageWriter } from './page-writer.js';

const head = { name: 'weir_test', type: 'gauge', help: 'What a test wrote.' } as const;

/** Lines of a family with one series of each value, without its head. */
function linesOf(values: readonly number[], page = new PageWriter()): readonly string[] {
  page.family({ ...head, write: (_, write) => values.forEach((value) => void write(NO_LABELS, value)) }, undefined);
  return page.finish().toString().trimEnd().split('\n').slice(2);
}

test('numbers stand there as JavaScript writes them, whole ones up to the largest that it can tell apart', (t) => {
  const around = Array.from({ length: 16 }, (_, digits) => 10 ** digits).flatMap((power) => [
    power - 1,
    power,
    power + 1,
  ]);
  const random = Array.from({ length: 1000 }, () => Math.floor(Math.random() * 2 ** (Math.random() * 53)));
  const others = [Number.MAX_SAFE_INTEGER, 2 ** 53, 1e21, -1, -12.5, 0.0015, 1e-7];
  const values = [...around, ...random, ...others];
  t.deepEqual(
    linesOf(values),
    values.map((value) => `weir_test ${value}`),
  );
});

test('a page may become longer than was thought', (t) => {
  const values = Array.from({ length: 300 }, (_, i) => i);
  t.deepEqual(linesOf(values, new PageWriter(1)), linesOf(values));
});

test('labels are escaped, and in UTF-8', (t) => {
  const page = new PageWriter();
  const open = labels({ service: 'Küche "1"', vip: 'a\\b\nc' });
  page.family({ ...head, write: (_, write) => write(open, 1, moreLabel('state', 'up')) }, undefined);
  t.true(page.finish().toString().endsWith('weir_test{service="Küche \\"1\\"",vip="a\\\\b\\nc",state="up"} 1\n'));
});
