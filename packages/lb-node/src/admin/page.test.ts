import test from 'ava';
import { AdminError } from './admin-error.js';
import { compareKeys, pageOf } from './page.js';

const keyOf = (name: string) => [name];
const page = (pageSize: number, pageToken = '') => ({ pageSize, pageToken });

test('pages put together are the list, whatever their size', (t) => {
  const all = Array.from({ length: 23 }, (_, i) => `service${String(i).padStart(2, '0')}`);
  for (const size of [1, 2, 22, 23, 24, 1000]) {
    const told: string[] = [];
    let token = '';
    do {
      const { items, nextPageToken } = pageOf(all, keyOf, page(size, token));
      told.push(...items);
      token = nextPageToken;
    } while (token !== '');
    t.deepEqual(told, all);
  }
});

test('an entry that goes between two pages hides no other, and one that comes is not shown twice', (t) => {
  const { nextPageToken } = pageOf(['a', 'b', 'c', 'd'], keyOf, page(2));
  t.deepEqual(pageOf(['a', 'c', 'd'], keyOf, page(2, nextPageToken)).items, ['c', 'd']);
  t.deepEqual(pageOf(['a', 'aa', 'b', 'c', 'd'], keyOf, page(2, nextPageToken)).items, ['c', 'd']);
  t.deepEqual(pageOf(['a'], keyOf, page(2, nextPageToken)), { items: [], nextPageToken: '' });
});

test('a page has 100 entries where nothing is said, and never more than 1,000', (t) => {
  const all = Array.from({ length: 2000 }, (_, i) => String(i).padStart(4, '0'));
  t.is(pageOf(all, keyOf, page(0)).items.length, 100);
  t.is(pageOf(all, keyOf, page(5000)).items.length, 1000);
});

for (const token of ['x', 'bnVsbA', 'WzFd', '🙂']) {
  test(`${token} is refused as a token`, (t) => {
    const error = t.throws(() => pageOf(['a'], keyOf, page(1, token)), { instanceOf: AdminError });
    t.is(error?.violations[0]?.field, 'pageToken');
  });
}

test('keys are ordered by their parts, the shorter first', (t) => {
  const keys = [['b'], ['a', 'z'], ['a'], ['a', 'b']];
  t.deepEqual(keys.toSorted(compareKeys), [['a'], ['a', 'b'], ['a', 'z'], ['b']]);
});
