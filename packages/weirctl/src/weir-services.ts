import { loadNodeConfig, type SecondChanceConfig, type ServiceConfig } from '@weir/control';
import { entriesOfWeight } from '@weir/director';
import type { PlanService } from './plan-service.js';

/** A service with second chance of a weir.yaml. */
export type ChanceService = ServiceConfig & { readonly secondChance: SecondChanceConfig };

/** @throws ConfigError, InvalidConfigError */
export async function readChanceServices(file: string): Promise<ChanceService[]> {
  const { services } = await loadNodeConfig(file);
  return services.flatMap(({ secondChance, ...service }) =>
    secondChance === undefined ? [] : [{ ...service, secondChance }],
  );
}

/** The services with second chance of a weir.yaml, to plan with. It says nothing of health: all members are healthy. */
export async function weirServices(file: string): Promise<PlanService[]> {
  const services = await readChanceServices(file);
  return services.map(({ name, secondChance: { choices, seed, hashKey, hashFields }, backends }) => ({
    name,
    choices,
    seed: Buffer.from(seed, 'hex'),
    hashKey: Buffer.from(hashKey, 'hex'),
    fields: hashFields,
    members: backends.flatMap(({ name: id, address, weight, state = 'active' }) =>
      entriesOfWeight({ id, address, weight, state, healthy: true }),
    ),
  }));
}
