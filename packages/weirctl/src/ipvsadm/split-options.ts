import leven from 'leven';
import { wrongUsage } from './ipvsadm-error.js';
import {
  type CommandName,
  type OptionDefinition,
  type OptionName,
  optionDefinitions,
  optionsOfCommand,
} from './option-table.js';

/** An option as it was written. */
export interface GivenOption {
  /** By its long name, without dashes: `udp-service`. */
  readonly long: string;
  readonly value: string | undefined;
}

/** A command line in its parts; which options a command needs and takes is already checked. */
export interface SplitOptions {
  readonly command: CommandName;
  readonly options: ReadonlyMap<OptionName, GivenOption>;
  /** Of the command itself: `master`. */
  readonly value: string | undefined;
  /** Words without a dash that belong to no option. */
  readonly rest: readonly string[];
}

interface Word {
  readonly definition: OptionDefinition;
  readonly value: string | undefined;
}

/**
 * Reads options as popt(3) does: `-Ln`, `-w5`, `-w 5`, `--weight=5`, `--weight 5`.
 * @throws {IpvsadmError} IPVSADM_USAGE
 */
export function splitOptions(words: readonly string[]): SplitOptions {
  const { given, rest } = givenWords(words);
  let command: Word | undefined;
  const options = new Map<OptionName, GivenOption>();
  for (const word of given) {
    const { means, long } = word.definition;
    if ('command' in means) {
      if (command !== undefined) wrongUsage(`multiple commands specified: --${command.definition.long} and --${long}`);
      command = word;
    } else {
      const earlier = options.get(means.option);
      if (earlier !== undefined && means.option !== 'sort') {
        wrongUsage(`multiple '${means.option}' options specified: --${earlier.long} and --${long}`);
      }
      options.set(means.option, { long, value: word.value });
    }
  }
  if (command === undefined) wrongUsage('no command specified; give one of -A -E -D -C -a -e -d -L -Z -S -R --set');
  const name = (command.definition.means as { command: CommandName }).command;
  checkOptions(name, options);
  return { command: name, options, value: command.value, rest };
}

function givenWords(words: readonly string[]): { given: Word[]; rest: string[] } {
  const given: Word[] = [];
  const rest: string[] = [];
  const waiting = [...words];
  for (let word = waiting.shift(); word !== undefined; word = waiting.shift()) {
    if (word.startsWith('--') && word !== '--') given.push(longOption(word, waiting));
    else if (word.startsWith('-') && word !== '-' && word !== '--') given.push(...shortOptions(word, waiting));
    else rest.push(word);
  }
  return { given, rest };
}

function longOption(word: string, waiting: string[]): Word {
  const at = word.indexOf('=');
  const name = at === -1 ? word.slice(2) : word.slice(2, at);
  const definition = optionDefinitions.find(({ long }) => long === name);
  if (definition === undefined) wrongUsage(`--${name}: unknown option; did you mean --${nearestTo(name)}?`);
  return { definition, value: argumentOf(definition, `--${name}`, at === -1 ? '' : word.slice(at + 1), waiting) };
}

function nearestTo(name: string): string | undefined {
  const edits = (long: string) => leven(long, name);
  return optionDefinitions.map(({ long }) => long).toSorted((a, b) => edits(a) - edits(b))[0];
}

function shortOptions(word: string, waiting: string[]): Word[] {
  const found: Word[] = [];
  for (let at = 1; at < word.length; at++) {
    const letter = word.charAt(at);
    const definition = optionDefinitions.find(({ short }) => short === letter);
    if (definition === undefined) wrongUsage(`-${letter}: unknown option${word.length > 2 ? ` in "${word}"` : ''}`);
    const attached = definition.argument === 'none' ? '' : word.slice(at + 1).replace(/^=/, '');
    found.push({ definition, value: argumentOf(definition, `-${letter}`, attached, waiting) });
    if (definition.argument !== 'none') break;
  }
  return found;
}

function argumentOf(
  { argument }: OptionDefinition,
  written: string,
  attached: string,
  waiting: string[],
): string | undefined {
  if (argument === 'none') {
    return attached === '' ? undefined : wrongUsage(`${written}: takes no argument, and "${attached}" was given`);
  }
  if (attached !== '') return attached;
  const next = waiting[0];
  if (argument === 'optional' && (next === undefined || next.startsWith('-'))) return undefined;
  if (next === undefined) wrongUsage(`${written}: missing argument`);
  waiting.shift();
  return next;
}

function checkOptions(command: CommandName, options: ReadonlyMap<OptionName, GivenOption>): void {
  const { needs, takes } = optionsOfCommand[command];
  for (const option of needs) {
    if (!options.has(option)) wrongUsage(`You need to supply the '${option}' option for the '${command}' command`);
  }
  for (const [option, { long }] of options) {
    if (needs.includes(option) || takes.includes(option)) continue;
    wrongUsage(`Illegal '${option}' option with the '${command}' command: --${long}`);
  }
}
