import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openPinned } from '../libbpf/bpffs.js';
import { MappedArray } from '../libbpf/mapped-array.js';
import { native, possibleCpus } from '../libbpf/native.js';
import { pinnedSizes } from '../xdp/pinned-tables.js';
import { tableNames, tableShapes } from '../xdp/table-sizes.js';

/** All tables of a program but its rows, which are many and never written by it. */
export class PinnedBytes implements Disposable {
  readonly #tables: readonly MappedArray[];

  /** @param directory  where they are pinned */
  constructor(directory: string) {
    const sizes = pinnedSizes(directory, possibleCpus());
    if (sizes === undefined) throw new Error(`nothing is pinned below ${directory}`);
    const shapes = tableShapes(sizes);
    this.#tables = tableNames
      .filter((name) => name !== 'rows' && name !== 'settlements')
      .map((name) => {
        const fd = openPinned(join(directory, 'maps', name));
        if (fd === undefined) throw new Error(`${name} is not pinned below ${directory}`);
        const table = new MappedArray(fd, name, shapes[name].bytes, shapes[name].elements);
        native().close(fd);
        return table;
      });
  }

  digest(): string {
    const hash = createHash('sha256');
    for (const { buffer } of this.#tables) hash.update(new Uint8Array(buffer));
    return hash.digest('hex');
  }

  [Symbol.dispose](): void {
    for (const table of this.#tables) table[Symbol.dispose]();
  }
}
