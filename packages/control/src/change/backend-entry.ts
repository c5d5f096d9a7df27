import { backendName } from '../service-config.js';
import type { BackendInput, ServiceInput } from '../service-schema.js';
import { ChangeError } from './change-error.js';

/**
 * Where a backend stands in a list; -1: nowhere.
 * @param wanted  its name, or its address
 * @throws {ChangeError} CHANGE_UNKNOWN: it is the address of several
 */
export function backendAt(backends: readonly BackendInput[], wanted: string): number {
  const named = backends.findIndex((backend) => backendName(backend) === wanted);
  if (named !== -1) return named;
  const addressed = [...backends.entries()].filter(([, { address }]) => address === wanted);
  if (addressed.length > 1) {
    const names = addressed.map(([, backend]) => backendName(backend)).join(', ');
    throw new ChangeError('CHANGE_UNKNOWN', `${wanted} is the address of several backends: ${names}; say which`);
  }
  return addressed[0]?.[0] ?? -1;
}

/** The service with another entry at a place of its list; undefined: without it. */
export function withBackend(service: ServiceInput, at: number, backend: BackendInput | undefined): ServiceInput {
  const { backends = [] } = service;
  return { ...service, backends: backends.toSpliced(at, 1, ...(backend === undefined ? [] : [backend])) };
}

/** @throws {ChangeError} CHANGE_LAST_BACKEND */
export function refuseLastBackend(service: string, left: number, discovery: unknown): void {
  if (left > 0 || discovery !== undefined) return;
  const message = `it is the last backend of service ${service}, whose VIP would serve nobody; delete the service, or drain the backend`;
  throw new ChangeError('CHANGE_LAST_BACKEND', message);
}

export function unknownService(name: string): ChangeError {
  return new ChangeError('CHANGE_UNKNOWN', `there is no service ${name}`);
}
