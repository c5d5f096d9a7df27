import { BgpService, Override, Peer, Route } from '@weir/admin-api';
import { Argument, Command } from 'commander';
import { actionCommand } from '../client/action-command.js';
import { viewCommand } from '../client/view-command.js';
import type { Colours } from '../colours.js';
import { sinceText } from '../render/quantities.js';
import { textTable } from '../text-table.js';

interface Announcements {
  readonly peers: readonly Peer[];
  readonly routes: readonly Route[];
}

const overrides = { on: Override.ON, off: Override.OFF, auto: Override.AUTO } as const;

/** `weirctl bgp`, `weirctl bgp override VIP on|off|auto` */
export function bgpCommand(): Command {
  const bgp = new Command('bgp').description('sessions with routers, and what is announced, or why not');
  bgp.addCommand(
    actionCommand(
      new Command('override')
        .description('announce a VIP whatever its health, never, or as its health says; kept over restarts')
        .argument('<vip>', 'of this node')
        .addArgument(new Argument('<how>', 'on, off or auto').choices(Object.keys(overrides))),
      async (client, [vip = '', how]) => {
        const override = overrides[how as keyof typeof overrides];
        const { route } = await client.call(BgpService.setOverride, { vip, override });
        return `${route?.prefix ?? vip}: ${how}, ${route?.isAnnounced ? 'announced' : `not announced: ${route?.reason}`}`;
      },
    ),
  );
  return viewCommand<Announcements>(bgp, {
    async read(client) {
      const [{ peers }, { routes }] = await Promise.all([
        client.call(BgpService.listPeers, {}),
        client.call(BgpService.listRoutes, {}),
      ]);
      return { peers, routes };
    },
    values: ({ peers, routes }) => ({ peers: peers.map(Peer.toJSON), routes: routes.map(Route.toJSON) }),
    text: ({ peers, routes }, colours) => `${peersText(peers, colours)}\n\n${routesText(routes, colours)}`,
  });
}

function peersText(peers: readonly Peer[], colours: Colours): string {
  if (peers.length === 0) return 'no peers';
  return textTable(
    [
      { head: 'PEER' },
      { head: 'AS', align: 'right' },
      { head: 'STATE' },
      { head: 'FOR' },
      { head: 'ANNOUNCED', align: 'right' },
      { head: 'WHY NOT' },
    ],
    peers.map(({ address, asn, state, since, announced, reason }) => [
      address,
      String(asn),
      (state === 'established' ? colours.green : colours.red)(state),
      sinceText(since),
      String(announced),
      reason,
    ]),
    colours,
  );
}

function routesText(routes: readonly Route[], colours: Colours): string {
  if (routes.length === 0) return 'no routes';
  return textTable(
    [
      { head: 'PREFIX' },
      { head: 'ANNOUNCED' },
      { head: 'OVERRIDE' },
      { head: 'SERVICES' },
      { head: 'COMMUNITIES' },
      { head: 'WHY NOT' },
    ],
    routes.map(({ prefix, isAnnounced, override, services, communities, reason }) => [
      prefix,
      isAnnounced ? colours.green('yes') : colours.red('no'),
      overrideText(override),
      services.join('\n'),
      communities.join(' '),
      reason,
    ]),
    colours,
  );
}

function overrideText(override: Override): string {
  if (override === Override.ON) return 'on';
  return override === Override.OFF ? 'off' : '';
}
