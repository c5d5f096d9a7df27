import type { ConfigChanges } from '@weir/control';

/** Once at the beginning, and again after entries of the configuration have changed, until the signal aborts. */
export async function* afterChanges(
  changes: Pick<ConfigChanges, 'onChange'>,
  signal: AbortSignal,
): AsyncGenerator<void, void, undefined> {
  let isDue = true;
  let wake = () => {};
  const abort = () => wake();
  using _following = changes.onChange(() => {
    isDue = true;
    wake();
  });
  signal.addEventListener('abort', abort);
  try {
    while (!signal.aborted) {
      if (isDue) {
        isDue = false;
        yield;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
