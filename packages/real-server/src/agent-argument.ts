import { AgentError } from './agent-error.js';

/** @throws {AgentError} ARGUMENT_INVALID */
export function parsePort(flag: string, text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw invalidArgument(flag, text, 'is not a port from 1 to 65535');
  return port;
}

/** @throws {AgentError} ARGUMENT_INVALID */
export function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalidArgument(flag, value, `is not one of ${allowed.join(', ')}`);
  return found;
}

/** @param problem  end of a sentence that begins with the value */
export function invalidArgument(flag: string, value: string, problem: string): AgentError {
  return new AgentError('ARGUMENT_INVALID', `${flag}: "${value}" ${problem}`, { details: { flag, value } });
}
