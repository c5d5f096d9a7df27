import { EventEmitter, once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { ApiServer } from './api-server.js';
import { weirctlAt } from './run-weirctl.js';

/** Services of the API, and what their methods answer. */
export type Services = Parameters<typeof ApiServer.open>[0];

/** What a command prints that ends well, with the API that answers like this. */
export async function printed(
  t: ExecutionContext,
  services: Services,
  args: readonly string[],
  input = '',
): Promise<string> {
  const { status, stdout, stderr } = await run(services, args, input);
  t.is(status, 0, stderr);
  return stdout;
}

/**
 * Runs a command to its end, with the API that answers like this.
 * @param interrupted  when Ctrl-C is pressed
 */
export async function run(services: Services, args: readonly string[], input = '', interrupted?: Promise<unknown>) {
  await using server = await ApiServer.open(services);
  return await weirctlAt(server.address, args, input, interrupted);
}

/** A stream of which no answer ever comes; `asked` is fulfilled once it is asked for. */
export function unanswered() {
  const events = new EventEmitter();
  async function* answer(): AsyncGenerator<never> {
    events.emit('asked');
    await new Promise(() => {});
  }
  return { asked: once(events, 'asked'), answer };
}
