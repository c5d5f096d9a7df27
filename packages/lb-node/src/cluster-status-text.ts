import type { ClusterStatus } from '@weir/control';

/** Where the services come from that are in force beside those of the file, for people: one line. */
export function describeClusterStatus({ source, connected, revision, lastError, skipped }: ClusterStatus): string {
  const skippedText = skipped.size === 0 ? '' : `, ${skipped.size} keys skipped`;
  return `${describeSource(source, revision)}${connected ? '' : `, etcd is gone${because(lastError)}`}${skippedText}`;
}

function describeSource(source: ClusterStatus['source'], revision: string): string {
  if (source === 'nothing') return 'from the file alone';
  return source === 'etcd' ? `from etcd, revision ${revision}` : `from the snapshot of etcd's revision ${revision}`;
}

function because(lastError: string | undefined): string {
  return lastError === undefined ? '' : ` (${lastError})`;
}
