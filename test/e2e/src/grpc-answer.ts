import type { ServiceError } from '@grpc/grpc-js';

const ANSWER_MS_MAX = 30_000;

/**
 * A call with a callback as a promise.
 *
 * @throws ServiceError what the server says; Error when nobody answers: a call without a deadline waits for ever
 */
export function answer<T>(call: (done: (error: ServiceError | null, value: T) => void) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`));
    const timer = setTimeout(late, ANSWER_MS_MAX);
    call((error, value) => {
      clearTimeout(timer);
      if (error === null) resolve(value);
      else reject(error);
    });
  });
}
