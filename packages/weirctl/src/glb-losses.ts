import type { GlbTable } from '@weir/director';
import { isOneAddress } from './glb-listeners.js';

/** Something that could not be carried over. */
export interface Loss {
  /** Where it stands: `tables[0].binds[2].ip`. */
  readonly path: string;
  /** What it is, and what to do about it. */
  readonly message: string;
}

/**
 * What of GLB's tables has no place in weir.yaml.
 * @param document  the file as plain values, for what tables leave out
 */
export function lossesOfImport(tables: readonly GlbTable[], document: unknown): Loss[] {
  return tables.flatMap((table, index) => {
    const path = `tables[${index}]`;
    const losses = [
      ...lossesOfBinds(table, path),
      ...lossesOfBackends(table, path),
      ...lossesOfChecks(document, index),
    ];
    if (!table.binds.some(isOneAddress)) losses.push({ path, message: 'has no bind that could be kept: no service' });
    else if (table.backends.length === 0) losses.push({ path, message: 'has no backend: no service' });
    return losses;
  });
}

function lossesOfBinds({ binds }: GlbTable, path: string): Loss[] {
  return [...binds.entries()]
    .filter(([, bind]) => !isOneAddress(bind))
    .map(([at, { address, prefixBits }]) => ({
      path: `${path}.binds[${at}].ip`,
      message: `"${address}/${prefixBits}" is a network, and a VIP is one address; add a listener for each that is used`,
    }));
}

function lossesOfBackends({ backends }: GlbTable, path: string): Loss[] {
  return [...backends.entries()]
    .filter(([, { healthy }]) => !healthy)
    .map(([at, { address }]) => ({
      path: `${path}.backends[${at}].healthy`,
      message: `false: weir.yaml says nothing of health at the moment; drain ${address} while it can't serve`,
    }));
}

/** The health checks of one table, told once for each kind. */
function lossesOfChecks(document: unknown, index: number): Loss[] {
  const { tables } = document as { tables: readonly { backends: readonly { healthchecks?: object }[] }[] };
  const checks = tables[index]?.backends.flatMap(({ healthchecks = {} }) =>
    Object.entries(healthchecks).map(([kind, port]) => `${kind} ${port}`),
  );
  return [...new Set(checks)].map((check) => ({
    path: `tables[${index}].backends[].healthchecks`,
    message: `${check}: write it as services[].healthCheck, docs/health.md`,
  }));
}
