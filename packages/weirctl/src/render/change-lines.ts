import type { FieldChange } from '@weir/admin-api';
import type { Colours } from '../colours.js';

/** A line for each field: `  + path: after`, `  - path: before`, `  ~ path: before -> after`. */
export function changeLines(changes: readonly FieldChange[], colours: Colours): readonly string[] {
  return changes.map(({ path, beforeJson, afterJson }) => {
    if (beforeJson === '') return colours.green(`  + ${path}: ${afterJson}`);
    if (afterJson === '') return colours.red(`  - ${path}: ${beforeJson}`);
    return colours.yellow(`  ~ ${path}: ${beforeJson} -> ${afterJson}`);
  });
}
