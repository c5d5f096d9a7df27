import test from 'ava';
import { matters } from './network-events.js';

const lines: readonly (readonly [string, string, boolean])[] = [
  ['a route', '[ROUTE]Deleted 10.1.0.0/24 via 10.0.0.21 dev eth0 ', true],
  ['the next hop of a route', '\tnexthop via 10.0.0.21 dev eth0 weight 1 ', true],
  ['a link', '[LINK]2: eth0@if2: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN ', true],
  ['a neighbour that the daemon keeps', '[NEIGH]10.0.0.21 dev eth0 managed FAILED proto 177 ', true],
  ['a neighbour that the daemon kept', '[NEIGH]Deleted 10.0.0.21 dev eth0 FAILED proto 177 ', true],
  ['a neighbour that somebody else keeps', '[NEIGH]10.0.0.22 dev eth0 managed FAILED ', true],
  ['a neighbour with a fixed address', '[NEIGH]10.0.0.7 dev eth0 lladdr 02:00:00:00:00:01 PERMANENT ', true],
  ['a client on the link', '[NEIGH]10.0.0.50 dev eth0 lladdr 02:00:00:00:00:50 STALE ', false],
  ['a client that left', '[NEIGH]Deleted 10.0.0.50 dev eth0 FAILED ', false],
];
for (const [what, line, isSo] of lines) {
  test(`${what} ${isSo ? 'is' : 'is not'} worth a look`, (t) => {
    t.is(matters(line), isSo);
  });
}
