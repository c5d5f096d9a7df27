import { type ConfigProblem, InvalidConfigError } from '../config-error.js';

/**
 * Problems of a whole document, told of one of its services: paths begin there, and other services are called by name
 * instead of by their place in a list.
 * @param names  of the services of the document, in its order
 */
export function problemsOfService(
  problems: readonly ConfigProblem[],
  names: readonly string[],
  service: string,
): InvalidConfigError {
  const told = problems.map((problem) => {
    const message = withNames(problem.message, names);
    const [whole, index = '', rest = ''] = /^services\[(\d+)\]\.?(.*)$/.exec(problem.path) ?? [];
    const isOwn = whole !== undefined && names[Number(index)] === service;
    const elsewhere = withNames(problem.path, names);
    return isOwn
      ? { ...problem, path: rest, message, line: 1 }
      : { ...problem, path: '', message: `with it, ${elsewhere} ${message}`, line: 1 };
  });
  return new InvalidConfigError(`services/${service}`, told);
}

/**
 * Problems of an entry, told of what stands within it: `backends[2].weight` becomes `weight`.
 * @param within  such as `backends[2]`; undefined: of the entry itself
 */
export function toldWithin<T>(within: string | undefined, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (within === undefined || !(error instanceof InvalidConfigError)) throw error;
    throw problemsWithin(within, error);
  }
}

/** The same of what was thrown. */
export function problemsWithin(within: string, { problems }: InvalidConfigError): InvalidConfigError {
  const told = problems.map((problem) => {
    const rest = problem.path.startsWith(within) ? problem.path.slice(within.length) : undefined;
    if (rest === '' || rest?.startsWith('.') === true) return { ...problem, path: rest.slice(1) };
    const message = problem.path === '' ? problem.message : `with it, ${problem.path} ${problem.message}`;
    return { ...problem, path: '', message };
  });
  return new InvalidConfigError(within, told);
}

function withNames(text: string, names: readonly string[]): string {
  return text.replace(/services\[(\d+)\]/g, (place, at) => {
    const name = names[Number(at)];
    return name === undefined ? place : `services/${name}`;
  });
}
