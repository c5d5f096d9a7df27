import { SocketAddress } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { CompletePeer, GobgpClient } from '@weir/gobgp-client';

/** What has to be told to a gobgpd that has the peers `current`, so that it has `wanted`. */
export interface PeerDifference {
  readonly add: readonly CompletePeer[];
  /** There with other settings; the session of each begins anew, those of all others go on. */
  readonly update: readonly CompletePeer[];
  /** Addresses. */
  readonly remove: readonly string[];
}

export function peerDifference(current: readonly CompletePeer[], wanted: readonly CompletePeer[]): PeerDifference {
  const currentByAddress = new Map(current.map((peer) => [peer.address, peer]));
  const wantedAddresses = new Set(wanted.map(({ address }) => address));
  const isThere = ({ address }: CompletePeer) => currentByAddress.has(address);
  return {
    add: wanted.filter((peer) => !isThere(peer)),
    update: wanted.filter(
      (peer) => isThere(peer) && !isSamePeer(currentByAddress.get(peer.address) as CompletePeer, peer),
    ),
    remove: current.map(({ address }) => address).filter((address) => !wantedAddresses.has(address)),
  };
}

/** Peers are removed first: one that takes the place of another may need what that had. */
export async function tellPeers(client: GobgpClient, { add, update, remove }: PeerDifference): Promise<void> {
  for (const address of remove) await client.deletePeer(address);
  for (const peer of update) await client.updatePeer(peer);
  for (const peer of add) await client.addPeer(peer);
}

function isSamePeer(current: CompletePeer, wanted: CompletePeer): boolean {
  return isDeepStrictEqual(comparable(current, wanted), comparable(wanted, wanted));
}

/**
 * gobgpd tells a local address for every session, also where none was asked for: it says something only of a peer that
 * is to have one.
 */
function comparable({ localAddress, ...rest }: CompletePeer, wanted: CompletePeer): object {
  const isCompared = wanted.localAddress !== undefined && localAddress !== undefined;
  return isCompared ? { ...rest, localAddress: canonical(localAddress) } : rest;
}

function canonical(address: string): string {
  return new SocketAddress({ address, family: address.includes(':') ? 'ipv6' : 'ipv4' }).address;
}
