import type { GlbTable, HashField, PacketHash } from '@weir/director';
import { isOneAddress, type ListenerDocument, listenerOf } from './glb-listeners.js';
import { GLB_CHOICES, glbName } from './glb-services.js';

/** An entry of weir.yaml's `services`, as far as GLB's tables say anything of it. */
export interface ServiceFragment extends Partial<ListenerDocument> {
  readonly name: string;
  readonly listeners?: readonly ListenerDocument[];
  readonly method: 'gue';
  readonly secondChance: {
    readonly choices: number;
    readonly hashFields: readonly HashField[];
    readonly alternativeHashFields?: readonly HashField[];
    readonly seed: string;
    readonly hashKey: string;
  };
  readonly backends: readonly { readonly address: string; readonly state?: string }[];
}

/** Services that put every packet into the same row with the same two choices as GLB's tables. */
export function importGlb(tables: readonly GlbTable[], hash: Omit<PacketHash, 'key'>): ServiceFragment[] {
  return tables.flatMap((table, index) => {
    const [only, ...more] = table.binds.filter(isOneAddress).map(listenerOf);
    if (only === undefined || table.backends.length === 0) return [];
    const { fields, fieldsBefore } = hash;
    return {
      name: glbName(table, index),
      ...(more.length === 0 ? only : { listeners: [only, ...more] }),
      method: 'gue',
      secondChance: {
        choices: GLB_CHOICES,
        hashFields: fields,
        ...(fieldsBefore === undefined ? {} : { alternativeHashFields: fieldsBefore }),
        seed: hexText(table.seed),
        hashKey: hexText(table.hashKey),
      },
      backends: table.backends.map(({ address, state }) => ({ address, ...(state === 'active' ? {} : { state }) })),
    };
  });
}

function hexText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
