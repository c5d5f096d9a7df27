import type { NodeConfig } from '@weir/control';
import { type PlannedProbe, probeId } from './health-probes.js';

/** A backend that is probed, or whose connections are looked at. */
export interface AskedBackend {
  readonly id: string;
  readonly service: string;
  readonly backend: string;
  /** Absent: it is not probed. */
  readonly probe: PlannedProbe | undefined;
  /** Its connections are looked at. */
  readonly isPassive: boolean;
}

/**
 * In the order of the configuration. Made once for each: to ask ten thousand backends how they are must not cost ten thousand texts.
 * @param probes  by their ids
 */
export function askedBackends(
  { services }: Pick<NodeConfig, 'services'>,
  probes: ReadonlyMap<string, PlannedProbe>,
): readonly AskedBackend[] {
  return services.flatMap((service) =>
    service.backends.flatMap((backend) => {
      const id = probeId(service, backend);
      const probe = probes.get(id);
      const isPassive = service.passiveCheck !== undefined && !backend.isFallback;
      return probe || isPassive ? [{ id, service: service.name, backend: backend.name, probe, isPassive }] : [];
    }),
  );
}
