import { defaultRoutes, withPrefixLengths } from './cluster-addresses.js';
import type { Host, Link } from './topology.js';

/** The client of every cluster. */
export const client = { name: 'client', ipv4: '192.0.2.2', ipv6: '2001:db8:c::2' };
/** Addresses that no host has: for the nodes of a cluster to announce. */
export const vip = { ipv4: '198.51.100.10', ipv6: '2001:db8:100::10' };

const clientGateway = { ipv4: '192.0.2.1', ipv6: '2001:db8:c::1' };
const transit = {
  gateway: { ipv4: '203.0.113.1', ipv6: '2001:db8:d::1' },
  router: { ipv4: '203.0.113.2', ipv6: '2001:db8:d::2' },
};

/**
 * The way from the client to the router: one link of 1500 bytes; or with a narrow hop between them
 *
 * ```
 * client ---- 192.0.2.0/24 ---- gateway ---- 203.0.113.0/24 ---- router
 *   .2         MTU 1500       .1      .1     the narrow one    .2
 * ```
 */
export function clientAccess(narrowMtuBytes?: number): { hosts: Readonly<Record<string, Host>>; links: Link[] } {
  const toClient = withPrefixLengths([clientGateway.ipv4, clientGateway.ipv6]);
  const fromClient = { host: client.name, addresses: withPrefixLengths([client.ipv4, client.ipv6]) };
  if (narrowMtuBytes === undefined) {
    return {
      hosts: { client: { routes: defaultRoutes(clientGateway) }, router: { forwarding: true } },
      links: [{ from: fromClient, to: { host: 'router', addresses: toClient }, mtuBytes: 1500 }],
    };
  }
  const { gateway, router } = transit;
  const toClients = [
    { to: '192.0.2.0/24', via: gateway.ipv4 },
    { to: '2001:db8:c::/64', via: gateway.ipv6 },
  ];
  return {
    hosts: {
      client: { routes: defaultRoutes(clientGateway) },
      gateway: { forwarding: true, routes: defaultRoutes(router) },
      router: { forwarding: true, routes: toClients },
    },
    links: [
      { from: fromClient, to: { host: 'gateway', addresses: toClient }, mtuBytes: 1500 },
      {
        from: { host: 'gateway', addresses: withPrefixLengths([gateway.ipv4, gateway.ipv6]) },
        // The router calls its interface `client`, whatever is between them.
        to: { host: 'router', interface: 'client', addresses: withPrefixLengths([router.ipv4, router.ipv6]) },
        mtuBytes: narrowMtuBytes,
      },
    ],
  };
}
