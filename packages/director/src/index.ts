export { DirectorError } from './director-error.js';
export {
  DEFAULT_TABLE_ROWS,
  type MaglevOptions,
  maglevTable,
  WEIGHT_MAX,
  type WeightedMember,
} from './maglev-table.js';
