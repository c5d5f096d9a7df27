import type { ListenerConfig } from '@weir/control';
import type { GlbBind, GlbTable } from '@weir/director';
import type { Loss } from './glb-losses.js';
import { GLB_CHOICES } from './glb-services.js';
import type { ChanceService } from './weir-services.js';

/** GLB's tables that put every packet into the same row with the same first two choices, and what they leave out. */
export function exportGlb(services: readonly ChanceService[]): {
  readonly tables: GlbTable[];
  readonly losses: Loss[];
} {
  return {
    tables: services.map(({ name, secondChance, listeners, backends }) => ({
      name,
      hashKey: Buffer.from(secondChance.hashKey, 'hex'),
      seed: Buffer.from(secondChance.seed, 'hex'),
      binds: listeners.flatMap(bindOf),
      backends: backends.map(({ address, state = 'active' }) => ({ address, state, healthy: true })),
    })),
    losses: services.flatMap(lossesOf),
  };
}

function bindOf({ vip, protocol, port }: ListenerConfig): GlbBind[] {
  if (protocol !== 'tcp' && protocol !== 'udp') return [];
  const { first, last } =
    port === 'all' ? { first: 0, last: 65_535 } : typeof port === 'number' ? { first: port, last: port } : port;
  const prefixBits = vip.includes(':') ? 128 : 32;
  return [{ address: vip, prefixBits, protocol, firstPort: first, lastPort: last }];
}

function lossesOf({ name, secondChance, listeners, backends }: ChanceService): Loss[] {
  const path = `services[${name}]`;
  const { choices, hashFields, alternativeHashFields, port } = secondChance;
  const loss = (at: string, message: string): Loss => ({ path: `${path}.${at}`, message });
  return [
    ...listeners
      .filter(({ protocol }) => protocol !== 'tcp' && protocol !== 'udp')
      .map(({ vip, protocol }) => loss('listeners', `${protocol} on ${vip}: GLB forwards TCP and UDP alone`)),
    ...(choices === GLB_CHOICES
      ? []
      : [loss('secondChance.choices', `${choices}: GLB's rows have ${GLB_CHOICES}; move one member at a time`)]),
    ...(hashFields.join() === 'source' && alternativeHashFields === undefined
      ? []
      : [loss('secondChance.hashFields', `set ${directorSettings(secondChance)} in GLB's director.conf`)]),
    ...(port === 19_523 ? [] : [loss('secondChance.port', `${port}: GLB sends to 19523`)]),
    ...backends
      .filter(({ weight }) => weight !== 1)
      .map((backend) => loss(`backends[${backend.name}].weight`, `${backend.weight}: GLB has no weights, and takes 1`)),
  ];
}

const glbFields = { source: 'src_addr', destination: 'dst_addr', sourcePort: 'src_port', destinationPort: 'dst_port' };

function directorSettings({ hashFields, alternativeHashFields }: ChanceService['secondChance']): string {
  const text = (key: string, fields: typeof hashFields) =>
    `"${key}": { ${fields.map((field) => `"${glbFields[field]}": true`).join(', ')} }`;
  return [
    text('hash_fields', hashFields),
    ...(alternativeHashFields === undefined ? [] : [text('alt_hash_fields', alternativeHashFields)]),
  ].join(', ');
}
