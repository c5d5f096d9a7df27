import type { ServiceConfig } from '@weir/control';

/** The VIPs that a service listens on, each once. */
export function vipsOf({ listeners }: ServiceConfig): readonly string[] {
  return [...new Set(listeners.map(({ vip }) => vip))];
}

/** The VIPs of all services, each once. */
export function allVips({ services }: { readonly services: readonly ServiceConfig[] }): readonly string[] {
  return [...new Set(services.flatMap(vipsOf))];
}
