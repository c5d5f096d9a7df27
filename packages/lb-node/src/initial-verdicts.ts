import type { NodeConfig } from '@weir/control';
import type { Verdict } from '@weir/health';
import { type PlannedProbe, probeId } from './health-probes.js';
import { takesNewFlows } from './used-backends.js';

/** What is known of the backends of the configuration before. */
export interface FormerVerdicts {
  /** Ids of all of them, with a check or without. */
  readonly known: ReadonlySet<string>;
  readonly probes: Iterable<PlannedProbe>;
  readonly verdictOf: (id: string) => Verdict | undefined;
}

/**
 * What each backend that is checked is taken for until it was asked, by id. One that was asked just so before, for this
 * service or another, is what it was; so a service that has a new name goes on. One that is new beside others has to prove
 * to be up. Where there are no others, it is taken for up, as at the start of a node: a VIP whose backends are all
 * replaced would be withdrawn by all nodes at once.
 * @param former  undefined: this is the start
 */
export function initialVerdicts(
  { services }: Pick<NodeConfig, 'services'>,
  planned: readonly PlannedProbe[],
  former: FormerVerdicts | undefined,
): ReadonlyMap<string, Verdict> {
  if (former === undefined) return new Map(planned.map(({ id }) => [id, 'up']));
  const verdicts = verdictsKnown(planned, former);
  const served = new Set(
    services
      .filter((service) =>
        service.backends.some((backend) => {
          const id = probeId(service, backend);
          return takesNewFlows(backend) && (former.known.has(id) || verdicts.has(id));
        }),
      )
      .map(({ name }) => name),
  );
  return new Map(planned.map(({ id, service }) => [id, verdicts.get(id) ?? (served.has(service) ? 'down' : 'up')]));
}

/** Of backends that were checked before, and of those that served without a check. */
function verdictsKnown(planned: readonly PlannedProbe[], former: FormerVerdicts): ReadonlyMap<string, Verdict> {
  const asked = new Map<string, Verdict>();
  for (const probe of former.probes) {
    const verdict = former.verdictOf(probe.id);
    if (verdict !== undefined) asked.set(questionOf(probe), verdict);
  }
  return new Map(
    planned.flatMap((probe) => {
      const verdict = former.verdictOf(probe.id) ?? (former.known.has(probe.id) ? 'up' : asked.get(questionOf(probe)));
      return verdict === undefined ? [] : [[probe.id, verdict]];
    }),
  );
}

/** Equal for probes that ask one backend the same, whatever its service is called. */
function questionOf({ address, target, check }: PlannedProbe): string {
  return JSON.stringify([address, target.address, target.port, check.probe]);
}
