import type { Lose } from '../ipvsadm/placed-service.js';
import type { Forward } from '../ipvsadm/virtual-service.js';
import type { Statement } from './block.js';

/** `lvs_method NAT`, `lb_kind TUN type gue port 6080 csum`; absent: NAT. */
export function forwardOf(statement: Statement | undefined, lose: Lose): Forward {
  const [method = 'NAT', ...words] = statement?.values ?? [];
  switch (method.toUpperCase()) {
    case 'NAT':
      return { kind: 'masquerade' };
    case 'DR':
      return { kind: 'route' };
    case 'TUN':
      return tunnelOf(words);
    default:
      lose(statement?.place ?? '', `${statement?.keyword} ${method} is none of NAT, DR, TUN: nat is taken`);
      return { kind: 'masquerade' };
  }
}

function tunnelOf(words: readonly string[]): Forward {
  const after = (word: string) => (words.includes(word) ? words[words.indexOf(word) + 1] : undefined);
  const type = after('type');
  const port = Number(after('port'));
  const checksum = (['csum', 'remcsum'] as const).find((sum) => words.includes(sum)) ?? 'nocsum';
  if (type !== 'gue' && type !== 'gre') return { kind: 'tunnel', type: 'ipip', checksum };
  return { kind: 'tunnel', type, checksum, ...(type === 'gue' && port > 0 ? { port } : {}) };
}
