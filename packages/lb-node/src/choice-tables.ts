import type { BackendConfig, SecondChanceConfig } from '@weir/control';
import { type ChoiceMember, ChoiceTable, entriesOfWeight, NO_CHOICE } from '@weir/director';
import { memberId } from './member-id.js';

interface KeptTable {
  /** What makes it another table, beside its members. */
  readonly options: string;
  readonly table: ChoiceTable;
  /** Of the table, as indexes into the service's backends. */
  readonly rows: Uint16Array;
  /** The backend of each member; the rows are made anew where backends stand in another order. */
  readonly owners: string;
}

/** Of a service, or of the nodes: who is in a table of choices. */
export interface Chosen {
  readonly name: string;
  readonly secondChance?: Pick<SecondChanceConfig, 'seed' | 'choices'>;
  readonly backends: readonly (Pick<BackendConfig, 'name' | 'address' | 'port' | 'weight' | 'state'> & {
    /** Default: true. */
    readonly healthy?: boolean;
  })[];
}

/**
 * The tables of choices of all services with second chance, from one configuration to the next. A change of backends is
 * computed by its difference, so that nothing is hashed again for a new state.
 */
export class ChoiceTables {
  #kept = new Map<string, KeptTable>();

  /** Makes the tables that these services need, and forgets others. The event loop has its turn meanwhile. */
  async prepare(services: readonly Chosen[]): Promise<void> {
    const kept = new Map<string, KeptTable>();
    for (const { name, secondChance, backends } of services) {
      if (secondChance === undefined) continue;
      kept.set(name, await nextTable(this.#kept.get(name), secondChance, backends));
    }
    this.#kept = kept;
  }

  /** The rows of a service that was prepared: its choices, row by row, as indexes into its backends. */
  rowsOf({ name }: Pick<Chosen, 'name'>): Uint16Array {
    const kept = this.#kept.get(name);
    if (kept === undefined) throw new Error(`the table of ${name} was not prepared`);
    return kept.rows;
  }
}

async function nextTable(
  former: KeptTable | undefined,
  { seed, choices }: NonNullable<Chosen['secondChance']>,
  backends: Chosen['backends'],
): Promise<KeptTable> {
  const options = `${seed} ${choices}`;
  const isSame = former?.options === options;
  const owned = backends.flatMap((backend, index) => membersOf(backend).map((member) => ({ member, index })));
  const members = owned.map(({ member }) => member);
  const owners = owned.map(({ index }) => index);
  if (isSame && former.owners === owners.join() && isEqual(former.table.members, members)) return former;
  const table = isSame
    ? (await former.table.change(members)).table
    : await ChoiceTable.build({ seed: Buffer.from(seed, 'hex'), choices }, members);
  return { options, table, rows: rowsFor(table.rows, owners), owners: owners.join() };
}

function membersOf(backend: Chosen['backends'][number]): ChoiceMember[] {
  const { address, weight, state = 'active', healthy = true } = backend;
  return entriesOfWeight({ id: memberId(backend), address, weight, state, healthy });
}

/** Members of one backend never share a row: they have one address. */
function rowsFor(rows: Uint16Array, owners: readonly number[]): Uint16Array {
  return rows.map((member) => (member === NO_CHOICE ? NO_CHOICE : (owners[member] as number)));
}

function isEqual(a: readonly ChoiceMember[], b: readonly ChoiceMember[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ id, address, state, healthy }, i) => {
      const other = b[i];
      return id === other?.id && address === other.address && state === other.state && healthy === other.healthy;
    })
  );
}
