import type { FieldChange, Service } from '@weir/admin-api';
import { type Colours, outputColours } from '../colours.js';
import { changeLines } from '../render/change-lines.js';
import type { ServicePlan } from './service-plan.js';

/** What becomes of a service, for programs. */
export interface PlannedChange {
  readonly service: string;
  readonly change: 'create' | 'change' | 'delete';
  /** It takes over a VIP that another service gives up: which fields change, the node has not said. */
  readonly isUntried?: true;
  readonly fields?: readonly ChangedField[];
}

interface ChangedField {
  readonly path: string;
  /** Absent: the field is new. */
  readonly before?: unknown;
  /** Absent: the field goes. */
  readonly after?: unknown;
}

export function isChange({ trial }: ServicePlan): boolean {
  return trial.kind === 'later' || trial.changes.length > 0;
}

/** @param extra  services that go */
export function plannedChanges(plans: readonly ServicePlan[], extra: readonly Service[]): readonly PlannedChange[] {
  const changed = plans.filter(isChange).map(({ service: { name }, revision, trial }): PlannedChange => {
    const change = revision === '0' ? 'create' : 'change';
    if (trial.kind === 'later') return { service: name, change, isUntried: true };
    return { service: name, change, fields: trial.changes.map(changedField) };
  });
  return [...changed, ...extra.map(({ spec }) => ({ service: spec?.name ?? '', change: 'delete' as const }))];
}

/** The same for people: empty where nothing changes. */
export function plannedLines(
  plans: readonly ServicePlan[],
  extra: readonly Service[],
  colours: Colours = outputColours,
): readonly string[] {
  const deleted = extra.map(({ spec }) => colours.red(`- service ${spec?.name}`));
  return [...plans.filter(isChange).flatMap((plan) => linesOf(plan, colours)), ...deleted];
}

function linesOf({ service, revision, trial }: ServicePlan, colours: Colours): readonly string[] {
  const isNew = revision === '0';
  const head = isNew ? colours.green(`+ service ${service.name}`) : `service ${service.name}`;
  if (trial.kind === 'later') {
    const why = `not tried: it takes over a VIP, and is changed after the services that have it now`;
    return [head, colours.yellow(`  ${why}`)];
  }
  return isNew ? [head] : [head, ...changeLines(trial.changes, colours)];
}

function changedField({ path, beforeJson, afterJson }: FieldChange): ChangedField {
  const value = (key: 'before' | 'after', json: string) => (json === '' ? {} : { [key]: JSON.parse(json) as unknown });
  return { path, ...value('before', beforeJson), ...value('after', afterJson) };
}
