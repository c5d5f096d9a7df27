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

/** Runs a command to its end, with the API that answers like this. */
export async function run(services: Services, args: readonly string[], input = '') {
  await using server = await ApiServer.open(services);
  return await weirctlAt(server.address, args, input);
}
