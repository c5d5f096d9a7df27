import { Service, ServicesService, serviceEntryOf } from '@weir/admin-api';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { allPages } from '../client/all-pages.js';
import { viewCommand } from '../client/view-command.js';
import { listenerText } from '../render/listener-text.js';
import { originText } from '../render/origin-text.js';
import { textTable } from '../text-table.js';

const PAGE_SIZE = 1000;

interface ServicesOptions {
  readonly vip?: string;
}

/** `weirctl services [NAME]` */
export function servicesCommand(): Command {
  const command = new Command('services')
    .alias('service')
    .description('services, their VIPs and methods; or one of them as weir.yaml has it')
    .argument('[name]', 'a service')
    .option('--vip <address>', 'only services of this VIP');
  return viewCommand<readonly Service[], ServicesOptions>(command, {
    async read(client, { vip = '' }, [name]) {
      if (name !== undefined) {
        const { service } = await client.call(ServicesService.getService, { name });
        return service === undefined ? [] : [service];
      }
      return allPages(
        (pageToken) => client.call(ServicesService.listServices, { pageSize: PAGE_SIZE, pageToken, vip }),
        ({ services }) => services,
      );
    },
    values: (services) =>
      command.args.length === 0 ? { services: services.map(Service.toJSON) } : Service.toJSON(services[0] as Service),
    text(services, colours) {
      const [only] = services;
      if (command.args.length > 0 && only?.spec !== undefined) {
        const head = `# from ${originText(only.origin)}, revision ${only.revision}`;
        return `${colours.dim(head)}\n${stringify(serviceEntryOf(only.spec), { lineWidth: 0 }).trimEnd()}`;
      }
      if (services.length === 0) return 'no services';
      return textTable(
        [
          { head: 'SERVICE' },
          { head: 'LISTENERS' },
          { head: 'METHOD' },
          { head: 'SCHEDULER' },
          { head: 'BACKENDS', align: 'right' },
          { head: 'ANNOUNCED' },
          { head: 'FROM' },
        ],
        services.map(({ spec, usableBackends, announced, origin, scheduler }) => {
          const count = spec?.backends.length ?? 0;
          const usable = `${usableBackends}/${count}`;
          const colour = usableBackends === 0 ? colours.red : usableBackends < count ? colours.yellow : colours.green;
          return [
            spec?.name ?? '',
            (spec?.listeners ?? []).map(listenerText).join('\n'),
            spec?.method ?? '',
            scheduler || (spec?.scheduler ?? ''),
            colour(usable),
            announced.length === 0 ? colours.yellow('no') : announced.join('\n'),
            originText(origin),
          ];
        }),
        colours,
      );
    },
  });
}
