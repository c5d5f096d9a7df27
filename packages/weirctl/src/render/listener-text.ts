import type { Listener } from '@weir/admin-api';

/** `198.51.100.1:443/tcp` */
export function listenerText({ vip, port, protocol }: Listener): string {
  return `${vip.includes(':') ? `[${vip}]` : vip}:${port}/${protocol ?? 'tcp'}`;
}
