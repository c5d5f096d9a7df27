import { Node, NodeState, NodesService } from '@weir/admin-api';
import { Command } from 'commander';
import { allPages } from '../client/all-pages.js';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { fullCount } from '../render/quantities.js';
import { textTable } from '../text-table.js';

const PAGE_SIZE = 1000;

/** `weirctl nodes` */
export function nodesCommand(): Command {
  const command = new Command('nodes')
    .alias('node')
    .description('the nodes of the cluster; * is the one that is asked');
  return viewCommand<readonly Node[]>(command, {
    read: (client) =>
      allPages(
        (pageToken) => client.call(NodesService.listNodes, { pageSize: PAGE_SIZE, pageToken }),
        ({ nodes }) => nodes,
      ),
    values: (nodes) => ({ nodes: nodes.map(Node.toJSON) }),
    text: (nodes, colours) =>
      textTable(
        [
          { head: 'NODE' },
          { head: 'STATE' },
          { head: 'VERSION' },
          { head: 'ADDRESSES' },
          { head: 'ANNOUNCES', align: 'right' },
          { head: 'SESSIONS', align: 'right' },
          { head: 'BACKENDS', align: 'right' },
          { head: 'CONNECTIONS', align: 'right' },
          { head: 'TABLES' },
        ],
        nodes.map(({ name, isThis, state, version, addresses, announces, condition }) => [
          isThis ? `${name} *` : name,
          stateText(state, colours),
          version,
          addresses.join('\n'),
          String(announces.length),
          condition === undefined ? '' : `${condition.bgpSessionsUp}/${condition.bgpSessionsConfigured}`,
          condition === undefined ? '' : `${condition.backendsUsable}/${condition.backends}`,
          condition === undefined ? '' : fullCount(condition.connections),
          condition?.tablesDigest.slice(0, 8) ?? '',
        ]),
        colours,
      ),
  });
}

function stateText(state: NodeState, colours: Colours): string {
  switch (state) {
    case NodeState.ACTIVE:
      return colours.green('active');
    case NodeState.DRAINING:
      return colours.yellow('draining');
    case NodeState.FILLING:
      return colours.yellow('filling');
    default:
      return 'unknown';
  }
}
