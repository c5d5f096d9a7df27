import type { Host } from './host.js';
import { HostError } from './host-error.js';

/**
 * Runs a command that answers in JSON. What it answers is taken to be of the type that is asked for.
 * @throws {HostError} as {@link Host.run}; HOST_COMMAND_FAILED where the answer is no JSON
 */
export async function jsonAnswer<T>(host: Host, command: string, args: readonly string[]): Promise<T> {
  const text = await host.run(command, args);
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const said = text.trim() === '' ? 'nothing' : text.slice(0, 80);
    const message = `${[command, ...args].join(' ')}: expected JSON, it printed ${said}`;
    throw new HostError('HOST_COMMAND_FAILED', message, { cause, details: { command, args } });
  }
}
