/** What is thought of a backend at the moment. */
export interface BackendReport {
  readonly service: string;
  readonly backend: string;
  readonly verdict: 'up' | 'down';
  /** As the probe saw it. */
  readonly reason: string;
  /** When the verdict began; ms since 1970. */
  readonly sinceMs: number;
  /** It changed too often, and is held down. */
  readonly isHeld: boolean;
  /** It is left out because connections of clients fail there, until then; ms since 1970. */
  readonly leftOutUntilMs?: number;
  /** Of the last probe; absent: not probed yet. */
  readonly latencyMs?: number;
  readonly goodProbes: number;
  readonly badProbes: number;
  /** Times that the verdict has become another. */
  readonly changes: number;
}

/** Backends with a health check, service by service. */
export interface HealthReport {
  readonly backends: readonly BackendReport[];
}

/** A table to stand below that of services; empty where no backend is checked. */
export function formatHealth({ backends }: HealthReport): string {
  if (backends.length === 0) return '';
  const rows = backends.map((backend) => [
    `${backend.service} ${backend.backend}`,
    verdictText(backend),
    isoTime(backend.sinceMs),
    backend.latencyMs === undefined ? '' : `${backend.latencyMs.toFixed(1)} ms`,
    String(backend.goodProbes),
    String(backend.badProbes),
    backend.reason,
  ]);
  const table = [['Health', 'Verdict', 'Since', 'Latency', 'Good', 'Bad', 'Reason'], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column >= 3 && column <= 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return `\n${lines.join('\n')}\n`;
}

function verdictText({ verdict, isHeld, leftOutUntilMs }: BackendReport): string {
  if (leftOutUntilMs !== undefined) return `out until ${isoTime(leftOutUntilMs).slice(11, 19)}`;
  return isHeld ? 'down, held' : verdict;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
