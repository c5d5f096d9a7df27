import { z } from 'zod';
import { rolloutSchema } from '../rollout/rollout-schema.js';
import { rolloutStatus } from '../rollout/rollout-status.js';
import { settingNames } from './cluster-key.js';
import { settingSchemas, valueSchemas } from './cluster-value.js';

/** JSON Schemas of the values of keys, by the name of the file that they are shipped in. */
export function clusterJsonSchemas(): ReadonlyMap<string, object> {
  const { service, backend, node } = valueSchemas;
  return new Map([
    named('service', 'services/NAME', service),
    named('backend', 'backends/SERVICE/NAME', backend),
    named('node', 'nodes/NAME', node),
    named('node-state', 'node-states/NAME', valueSchemas['node-state']),
    named('rollout', 'rollouts/NAME', rolloutSchema),
    named('rollout-status', 'rollout-status/NAME', rolloutStatus),
    ...settingNames.map((name) => named(`settings-${name}`, `settings/${name}`, settingSchemas[name])),
  ]);
}

function named(name: string, key: string, schema: z.ZodType): [string, object] {
  return [`${name}.json`, { title: `/weir/v1/CLUSTER/${key}`, ...z.toJSONSchema(schema, { io: 'input' }) }];
}
