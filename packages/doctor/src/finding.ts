/** Best first. `skipped`: could not be looked at, or does not matter here. */
export const verdicts = ['ok', 'skipped', 'warning', 'fault'] as const;
export type Verdict = (typeof verdicts)[number];

/** What a check has to say of one thing: an interface, a server, a setting. */
export type Finding = SoundFinding | TroubleFinding;

/** Nothing has to be done. */
export interface SoundFinding {
  readonly verdict: 'ok' | 'skipped';
  /** What was looked at, where there are several: `eth0`, `10.0.0.5:2379`. */
  readonly about?: string;
  /** What is; of `skipped`, why it was not looked at. */
  readonly found: string;
}

/** Something has to be done: a `fault` breaks traffic or keeps a daemon from starting, a `warning` may. */
export interface TroubleFinding {
  readonly verdict: 'warning' | 'fault';
  readonly about?: string;
  readonly found: string;
  /** What would be right. */
  readonly wanted: string;
  /** What to do, in a sentence. */
  readonly cure: string;
  /** For a shell of root, in this order; none where no command mends it. They change what is in force, not what is kept over a reboot. */
  readonly commands?: readonly string[];
}

/** Those findings that are of this verdict. */
export function troublesOf(
  findings: readonly Finding[],
  verdict: TroubleFinding['verdict'],
): readonly TroubleFinding[] {
  return findings.filter((finding): finding is TroubleFinding => finding.verdict === verdict);
}

/** The worst verdict among findings; `skipped` where there are none, or nothing but skipped ones. */
export function worstVerdict(findings: readonly Finding[]): Verdict {
  const found = findings.map(({ verdict }) => verdict);
  if (!found.includes('ok') && !found.includes('warning') && !found.includes('fault')) return 'skipped';
  return found.filter((verdict) => verdict !== 'skipped').reduce(worse, 'ok');
}

function worse(one: Verdict, other: Verdict): Verdict {
  return verdicts.indexOf(one) > verdicts.indexOf(other) ? one : other;
}
