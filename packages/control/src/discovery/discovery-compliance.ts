import test, { type ExecutionContext } from 'ava';
import type { Discovery } from './discovery.js';
import { Followed } from './followed.fixture.js';

/** A real place where backends are found, that the suite changes. */
export interface DiscoveryOrigin {
  /** A source that looks there. */
  open(): Discovery;
  /** Makes these all that there are; of entries that can't be backends too. Over when a source may find them. */
  publish(addresses: readonly string[]): Promise<void>;
  /** From now on nothing can be found there, until the next {@link publish}. */
  break(): Promise<void>;
}

/**
 * What every {@link Discovery} does.
 * @param openOrigin  an origin of this test alone, gone at its end
 */
export function discoverySuite(name: string, openOrigin: (t: ExecutionContext) => Promise<DiscoveryOrigin>): void {
  const title = (sentence: string) => `${name}: ${sentence}`;

  test(title('what there is is told at once, and then each change'), async (t) => {
    const origin = await openOrigin(t);
    await origin.publish(['10.0.0.21']);
    const followed = new Followed(t, origin.open());
    t.deepEqual(await followed.backends(), ['10.0.0.21']);
    await origin.publish(['10.0.0.21', '10.0.0.22']);
    t.deepEqual(await followed.backends(), ['10.0.0.21', '10.0.0.22']);
    await origin.publish(['10.0.0.22']);
    t.deepEqual(await followed.backends(), ['10.0.0.22']);
  });

  test(title('the same again is no change'), async (t) => {
    const origin = await openOrigin(t);
    await origin.publish(['10.0.0.21', '2001:db8::21']);
    const followed = new Followed(t, origin.open());
    t.deepEqual(await followed.backends(), ['10.0.0.21', '2001:db8::21']);
    await origin.publish(['10.0.0.21', '2001:db8::21']);
    await origin.publish(['10.0.0.23']);
    t.deepEqual(await followed.backends(), ['10.0.0.23']);
  });

  test(title('an entry that can be no backend is skipped and told, the others stay'), async (t) => {
    const origin = await openOrigin(t);
    await origin.publish(['10.0.0.21', '127.0.0.1']);
    const followed = new Followed(t, origin.open());
    t.deepEqual(await followed.backends(), ['10.0.0.21']);
    t.regex(await followed.trouble(), /"127\.0\.0\.1" is a loopback address/);
  });

  test(title('an origin that breaks is told, and what was known stays until it says something else'), async (t) => {
    const origin = await openOrigin(t);
    await origin.publish(['10.0.0.21']);
    const followed = new Followed(t, origin.open());
    t.deepEqual(await followed.backends(), ['10.0.0.21']);
    await origin.break();
    t.not(await followed.trouble(), '');
    t.deepEqual(
      followed.waiting.filter(({ kind }) => kind === 'backends'),
      [],
    );
    await origin.publish(['10.0.0.22']);
    t.deepEqual(await followed.backends(), ['10.0.0.22']);
  });

  test(title('an origin that is not there at first is told, and found later'), async (t) => {
    const origin = await openOrigin(t);
    await origin.break();
    const followed = new Followed(t, origin.open());
    t.not(await followed.trouble(), '');
    await origin.publish(['10.0.0.21']);
    t.deepEqual(await followed.backends(), ['10.0.0.21']);
  });

  test(title('a source that is closed tells nothing more'), async (t) => {
    const origin = await openOrigin(t);
    await origin.publish(['10.0.0.21']);
    const closed = origin.open();
    const followed = new Followed(t, closed);
    await followed.backends();
    await closed[Symbol.asyncDispose]();
    const another = new Followed(t, origin.open());
    await another.backends();
    await origin.publish(['10.0.0.22']);
    await another.backends();
    t.deepEqual(followed.waiting, []);
  });
}
