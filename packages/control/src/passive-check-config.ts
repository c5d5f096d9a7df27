import type { PassiveCheckDocument } from './passive-check-schema.js';

/** When a backend is taken out because connections of clients fail there. Same shape as PassiveCheck of package health. */
export interface PassiveCheckConfig {
  readonly attempts: number;
  /** 0 to 1, as is {@link maxEjected}. */
  readonly failures: number;
  readonly withinMs: number;
  readonly ejectForMs: number;
  readonly maxEjectForMs: number;
  readonly maxEjected: number;
}

export function passiveCheckConfigOf(check: PassiveCheckDocument): PassiveCheckConfig {
  const { attempts, failures, within, ejectFor, maxEjectFor, maxEjected } = check;
  return { attempts, failures, withinMs: within, ejectForMs: ejectFor, maxEjectForMs: maxEjectFor, maxEjected };
}
