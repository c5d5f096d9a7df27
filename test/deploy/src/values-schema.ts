import { nodeConfigJsonSchema } from '@weir/control';

/** A JSON Schema, as far as it is built here. */
type Schema = Readonly<Record<string, unknown>>;

const name = { type: 'string', pattern: '^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$' };
const port = { type: 'integer', minimum: 1, maximum: 65_535 };
const strings = { type: 'object', additionalProperties: { type: 'string' } };
const anything = { type: 'object' };
const objects = { type: 'array', items: { type: 'object' } };
const OCTET = '(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])';
const IPV4 = `${OCTET}(\\.${OCTET}){3}`;
const IPV6 = '[0-9a-fA-F:]*:[0-9a-fA-F:.]*';
const address = { type: 'string', pattern: `^(${IPV4}|${IPV6})$` };
const network = {
  type: 'string',
  pattern: `^(${IPV4}/(3[0-2]|[12]?[0-9])|${IPV6}/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$`,
};
const endpoint = { type: 'string', pattern: '^([A-Za-z0-9._-]+|\\[[0-9a-fA-F:.]+\\]):[0-9]{1,5}$' };
const interfaceName = { type: 'string', pattern: '^[^/\\s]{1,15}$' };
const capability = {
  enum: ['NET_ADMIN', 'BPF', 'PERFMON', 'NET_RAW', 'NET_BIND_SERVICE', 'SYS_ADMIN', 'SYS_RESOURCE'],
};
const list = (items: Schema, minItems = 0) => ({ type: 'array', items, minItems, uniqueItems: true });

/** What a value may be beyond the type that its default has, by its path in values.yaml. */
const constraints: Readonly<Record<string, Schema>> = {
  'image.pullPolicy': { enum: ['Always', 'IfNotPresent', 'Never'] },
  'image.digest': { type: 'string', pattern: '^(sha256:[0-9a-f]{64})?$' },
  'image.pullSecrets': list(name),
  'nodes.interfaces': list(interfaceName, 1),
  'nodes.nodeSelector': strings,
  'nodes.tolerations': objects,
  'nodes.affinity': anything,
  'nodes.resources': anything,
  'nodes.env': objects,
  'nodes.updateStrategy.type': { enum: ['RollingUpdate', 'OnDelete'] },
  'nodes.updateStrategy.maxUnavailable': { const: 1 },
  'nodes.minReadySeconds': { type: 'integer', minimum: 0 },
  'nodes.drain.limit': { type: 'string', pattern: '^[0-9]{1,5}(s|m|h)$' },
  'nodes.drain.shutdownSeconds': { type: 'integer', minimum: 6 },
  'nodes.probes.startupSeconds': { type: 'integer', minimum: 10 },
  'nodes.probes.periodSeconds': { type: 'integer', minimum: 1 },
  'nodes.probes.timeoutSeconds': { type: 'integer', minimum: 1 },
  'nodes.capabilities': list(capability),
  'nodes.seccompProfile': { enum: ['RuntimeDefault', 'Unconfined'] },
  'nodes.stateDirectory': { type: 'string', pattern: '^/' },
  'nodes.podDisruptionBudget.minAvailable': { type: 'integer', minimum: 0 },
  'nodes.podLabels': strings,
  'nodes.podAnnotations': strings,
  'nodes.hostAddressFamily': { enum: ['IPv4', 'IPv6'] },
  'hostPreparation.minMtuBytes': { type: 'integer', minimum: 1280, maximum: 65_535 },
  'hostPreparation.warnMtuBytes': { type: 'integer', minimum: 1280, maximum: 65_535 },
  'agent.interface': interfaceName,
  'agent.vips': list(address),
  'agent.decapsulate': list({ enum: ['ipip', 'gre', 'gue', 'fou', 'second_chance', 'none'] }, 1),
  'agent.peers': list(network),
  'agent.extraArgs': { type: 'array', items: { type: 'string' } },
  'agent.nodeSelector': strings,
  'agent.tolerations': objects,
  'agent.affinity': anything,
  'agent.resources': anything,
  'agent.capabilities': list(capability),
  'agent.maxUnavailable': { type: ['integer', 'string'], pattern: '^[0-9]{1,3}%$' },
  'etcd.mode': { enum: ['external', 'bundled', 'none'] },
  'etcd.endpoints': list(endpoint),
  'etcd.cluster': { type: 'string', pattern: '^[A-Za-z0-9._-]+$' },
  'etcd.passwordSecret': name,
  'etcd.tlsSecret': name,
  'redis.mode': { enum: ['external', 'bundled', 'none'] },
  'redis.addresses': list(endpoint),
  'redis.topology': { enum: ['single', 'sentinel', 'cluster'] },
  'redis.passwordSecret': name,
  'redis.tlsSecret': name,
  'admin.port': { ...port, minimum: 0 },
  'admin.tlsSecret': name,
  'admin.roles': objects,
  'metrics.port': port,
  'metrics.serviceMonitor.labels': strings,
  'metrics.prometheusRule.labels': strings,
  'metrics.dashboard.labels': strings,
  'networkPolicy.nodeCidrs': list(network),
  'serviceAccount.annotations': strings,
};

/**
 * The schema of the chart's values: each key of values.yaml and no other, of the type that its default has; `config` is what
 * weir.yaml may be.
 * @param values  the defaults
 */
export function valuesSchema(values: Readonly<Record<string, unknown>>): Schema {
  const schema = schemaOf(values, '') as { readonly properties: object };
  // What helm hands down to charts that are part of another.
  const whole = configSchema();
  // Has a place of its own among the values, for rights go with it.
  const { kubernetes, ...parts } = whole.properties as Readonly<Record<string, Schema>>;
  const properties = {
    ...schema.properties,
    config: { ...whole, properties: parts },
    kubernetes: kubernetesSchema(kubernetes),
    global: anything,
  };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Values of the chart weir',
    ...schema,
    properties,
  };
}

function schemaOf(value: unknown, path: string): Schema {
  const known = constraints[path];
  if (known !== undefined) return known;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { type: typeof value === 'number' ? 'integer' : Array.isArray(value) ? 'array' : typeof value };
  }
  const properties = Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, schemaOf(entry, path === '' ? key : `${path}.${key}`)]),
  );
  return { type: 'object', additionalProperties: false, properties };
}

/** weir.yaml, of which the chart writes parts itself. */
function configSchema(): Schema {
  const { $schema, title, required, ...schema } = nodeConfigJsonSchema() as Record<string, unknown>;
  const { node, ...properties } = schema.properties as Record<string, Schema>;
  const { required: _, ...partOfNode } = node as Schema;
  return forHelm({ ...schema, properties: { ...properties, node: partOfNode } }) as Schema;
}

/** weir.yaml's section, that may be turned on and off. */
function kubernetesSchema(written: Schema | undefined): Schema {
  const { required: _, ...section } = written ?? {};
  const { pools, ...properties } = section.properties as Record<string, Schema>;
  const { minItems: __, ...anyPools } = pools as Schema;
  return { ...section, properties: { enabled: { type: 'boolean' }, pools: anyPools, ...properties } };
}

/**
 * The same for helm's validator: its regular expressions know no lookahead, so that those are left to nodes, and it does
 * not look at formats. A text with a variable is judged when the node has put its value there. Descriptions make the file long, and defaults are not read.
 */
function forHelm(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(forHelm);
  if (typeof value !== 'object' || value === null) return value;
  const { description, default: _, pattern, format, properties, ...others } = value as Record<string, unknown>;
  const kept = Object.fromEntries(Object.entries(others).map(([key, entry]) => [key, forHelm(entry)]));
  const form: Schema = {
    ...(typeof pattern === 'string' && !pattern.includes('(?=') ? { pattern } : {}),
    ...(format === 'ipv4' ? { pattern: `^${IPV4}$` } : {}),
    ...(format === 'ipv6' ? { pattern: `^${IPV6}$` } : {}),
  };
  return {
    ...kept,
    // Keys of this one are names, not keywords.
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties as object).map(([key, entry]) => [key, forHelm(entry)]),
          ),
        }),
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    ...(Object.keys(form).length === 0 ? {} : { if: { not: { type: 'string', pattern: '\\$\\{env:' } }, then: form }),
  };
}
