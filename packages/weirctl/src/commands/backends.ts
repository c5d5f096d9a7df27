import { Backend, BackendsService, HealthVerdict } from '@weir/admin-api';
import { Command } from 'commander';
import { allPages } from '../client/all-pages.js';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { endpointText, fullCount, shortCount, sinceText } from '../render/quantities.js';
import { textTable } from '../text-table.js';

const PAGE_SIZE = 1000;

interface BackendsOptions {
  readonly wide?: true;
}

/** `weirctl backends [SERVICE]` */
export function backendsCommand(): Command {
  const command = new Command('backends')
    .alias('backend')
    .description('backends with their health, weights and connections, as the node that is asked sees them')
    .argument('[service]', 'of this service alone')
    .option('--wide', 'also why, since when, and shares of the table');
  return viewCommand<readonly Backend[], BackendsOptions>(command, {
    read: (client, _, [service = '']) =>
      allPages(
        (pageToken) => client.call(BackendsService.listBackends, { service, pageSize: PAGE_SIZE, pageToken }),
        ({ backends }) => backends,
      ),
    values: (backends) => ({ backends: backends.map(Backend.toJSON) }),
    text(backends, colours, { wide = false }) {
      if (backends.length === 0) return 'no backends';
      const columns = [
        { head: 'SERVICE' },
        { head: 'BACKEND' },
        { head: 'ADDRESS' },
        { head: 'HEALTH' },
        { head: 'WEIGHT', align: 'right' },
        { head: 'ACTIVE', align: 'right' },
        { head: 'INACTIVE', align: 'right' },
        { head: 'PACKETS', align: 'right' },
        ...(wide ? ([{ head: 'ROWS', align: 'right' }, { head: 'FOR' }, { head: 'WHY' }] as const) : []),
      ] as const;
      const rows = backends.map((backend) => {
        const { service, spec, traffic, health, rowShare } = backend;
        const name = spec?.name ?? spec?.address ?? '';
        const address = endpointText(spec?.address ?? '', spec?.port ?? 0);
        return [
          service,
          backend.isFallback ? `${name} (fallback)` : name,
          address === name ? '' : address,
          healthText(backend, colours),
          weightText(backend, colours),
          fullCount(traffic?.activeConnections ?? 0n),
          fullCount(traffic?.inactiveConnections ?? 0n),
          shortCount(traffic?.packets ?? 0n),
          ...(wide
            ? [
                rowShare === undefined ? '' : `${(rowShare * 100).toFixed(1)} %`,
                sinceText(health?.since),
                whyText(backend),
              ]
            : []),
        ];
      });
      return textTable(columns, rows, colours);
    },
  });
}

function healthText({ health }: Backend, colours: Colours): string {
  switch (health?.verdict) {
    case HealthVerdict.UP:
      return colours.green('up');
    case HealthVerdict.DOWN:
      return colours.red(health.isHeld ? 'down (held)' : 'down');
    default:
      return colours.dim('unchecked');
  }
}

/** What its checks saw, and what keeps packets from it although they like it. */
function whyText({ health, isReachable }: Backend): string {
  const reasons = [health?.reason ?? '', isReachable ? '' : 'no route to it, or nobody answers at its address'];
  return reasons.filter((reason) => reason !== '').join('; ');
}

/** What it has now, and what it is meant to have. */
function weightText({ spec, effectiveWeight }: Backend, colours: Colours): string {
  if (spec?.state !== undefined && spec.state !== 'active') return colours.yellow(spec.state);
  const wanted = spec?.weight ?? 1;
  return effectiveWeight === wanted ? String(wanted) : colours.yellow(`${effectiveWeight} of ${wanted}`);
}
