import type { ChurnOptions, ChurnReport } from './churn.js';
export function renderChurnChart(_options: ChurnOptions, _report: ChurnReport): string {
  return '';
}
