import type { Loss } from './glb-losses.js';

/** Tells people, beside the result, what is missing in it. */
export function reportLosses(losses: readonly Loss[]): void {
  if (losses.length === 0) return;
  const lines = losses.map(({ path, message }) => `  ${path}: ${message}\n`);
  process.stderr.write(`Not carried over:\n${lines.join('')}`);
}
