import { Origin } from '@weir/admin-api';

const texts: Partial<Record<Origin, string>> = {
  [Origin.FILE]: 'weir.yaml',
  [Origin.ETCD]: 'etcd',
  [Origin.RUNNING]: 'running (not saved)',
  [Origin.DISCOVERY]: 'discovery',
};

/** Where an entry comes from, for people. */
export function originText(origin: Origin): string {
  return texts[origin] ?? 'unknown';
}
