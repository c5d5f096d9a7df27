import type { Check, Examined, Finding, TroubleFinding, Verdict } from '@weir/doctor';
import type { Colours } from '../colours.js';
import { textTable } from '../text-table.js';

/** What was found, for programs: a list of checks with their findings. */
export function examinationValues(examined: readonly Examined[]): object {
  return examined.map(({ check, verdict, findings }) => ({ check: check.name, verdict, findings }));
}

/** What was found, for people: a line for each finding, then what to do about each trouble. */
export function examinationText(examined: readonly Examined[], colours: Colours): string {
  const rows = examined.flatMap(({ check, findings }) =>
    findings.map((finding) => [
      check.name,
      verdictText(finding.verdict, colours),
      finding.about ?? '',
      shortened(finding.found),
    ]),
  );
  const table = textTable(
    [{ head: 'CHECK' }, { head: 'VERDICT' }, { head: 'ABOUT' }, { head: 'FOUND' }],
    rows,
    colours,
  );
  const troubles = examined.flatMap(({ check, findings }) =>
    findings.filter(isTrouble).map((finding) => troubleText(check.name, finding, colours)),
  );
  return [table, ...troubles].join('\n\n');
}

/** The checks that there are. */
export function checkListText(checks: readonly Check[], colours: Colours): string {
  return textTable(
    [{ head: 'CHECK' }, { head: 'OF' }, { head: 'LOOKS AT' }],
    checks.map(({ name, roles, looksAt }) => [name, roles.join(', '), looksAt]),
    colours,
  );
}

function isTrouble(finding: Finding): finding is TroubleFinding {
  return finding.verdict === 'fault' || finding.verdict === 'warning';
}

function verdictText(verdict: Verdict, colours: Colours): string {
  switch (verdict) {
    case 'ok':
      return colours.green(verdict);
    case 'skipped':
      return colours.dim(verdict);
    case 'warning':
      return colours.yellow(verdict);
    case 'fault':
      return colours.red(verdict);
  }
}

const FOUND_CHARACTERS = 90;

/** The first line of it, as long as a table bears; troubles are told in full below. */
function shortened(found: string): string {
  const [line = '', ...more] = found.split('\n');
  return more.length === 0 && line.length <= FOUND_CHARACTERS ? line : `${line.slice(0, FOUND_CHARACTERS - 1)}…`;
}

function troubleText(name: string, finding: TroubleFinding, colours: Colours): string {
  const { verdict, about, found, wanted, cure, commands = [] } = finding;
  const subject = about === undefined ? '' : ` ${about}`;
  const lines = [
    `${verdictText(verdict, colours)} ${colours.bold(name)}${subject}`,
    `  found:    ${found.replaceAll('\n', '\n            ')}`,
    `  expected: ${wanted}`,
    `  to mend:  ${cure}`,
    ...commands.map((command) => `            ${colours.bold(command)}`),
  ];
  return lines.join('\n');
}
