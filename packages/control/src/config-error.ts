import { WeirError } from '@weir/errors';

export type ConfigErrorCode = 'CONFIG_INVALID' | 'CONFIG_UNREADABLE' | 'CONFIG_NEEDS_RESTART';

/** One thing that is wrong with a document. */
export interface ConfigProblem {
  /** Such as `services[0].backends[2].address`; empty for the whole document. */
  readonly path: string;
  /** What is wrong with it, with the value where there is one. */
  readonly message: string;
  /** From 1. */
  readonly line: number;
  /** What stands there; undefined where nothing does, where it is a list or a mapping, and where it is secret. */
  readonly value?: string | number | boolean | null;
}

/** A configuration that can't be put in force; nothing of it is. */
export class ConfigError extends WeirError {
  declare readonly code: ConfigErrorCode;
}

/** All problems of a document, one a line: `services[0].vip: "x" is not an IP address (file weir.yaml, line 14)`. */
export class InvalidConfigError extends ConfigError {
  readonly problems: readonly ConfigProblem[];

  constructor(fileName: string, problems: readonly ConfigProblem[]) {
    const lines = problems.map(
      ({ path, message, line }) => `${path === '' ? '' : `${path}: `}${message} (file ${fileName}, line ${line})`,
    );
    super('CONFIG_INVALID', lines.join('\n'), { details: { file: fileName, problems } });
    this.problems = problems;
  }
}
