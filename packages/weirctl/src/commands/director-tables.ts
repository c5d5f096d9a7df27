import { DirectorService, Table } from '@weir/admin-api';
import { Command } from 'commander';
import { viewCommand } from '../client/view-command.js';
import { endpointText, fullCount } from '../render/quantities.js';
import { textTable } from '../text-table.js';

/** `weirctl director tables [SERVICE]` */
export function tablesCommand(): Command {
  const command = new Command('tables')
    .description('the tables in force on the node: rows by member')
    .argument('[service]', 'of this service alone');
  return viewCommand<readonly Table[]>(command, {
    read: async (client, _, [service = '']) => (await client.call(DirectorService.listTables, { service })).tables,
    values: (tables) => ({ tables: tables.map(Table.toJSON) }),
    text: (tables, colours) =>
      tables.length === 0
        ? 'no tables'
        : textTable(
            [
              { head: 'SERVICE' },
              { head: 'SCHEDULER' },
              { head: 'ROWS', align: 'right' },
              { head: 'KEPT', align: 'right' },
              { head: 'MEMBER' },
              { head: 'FIRST', align: 'right' },
              { head: 'SECOND', align: 'right' },
              { head: 'DIGEST' },
            ],
            tables.flatMap(({ service, scheduler, rows, keptRows, members, choices, digest }) =>
              members.map(({ address, port, firstRows, secondRows }, i) => [
                ...(i === 0 ? [service, scheduler, fullCount(rows), fullCount(keptRows)] : ['', '', '', '']),
                endpointText(address, port),
                fullCount(firstRows),
                choices > 1 ? fullCount(secondRows) : '',
                i === 0 ? digest.slice(0, 8) : '',
              ]),
            ),
            colours,
          ),
  });
}
