export type SessionState = 'idle' | 'connect' | 'active' | 'opensent' | 'openconfirm' | 'established' | 'unknown';

/** What gobgpd says of a peer. */
export interface PeerStatus {
  readonly address: string;
  readonly asn: number;
  readonly state: SessionState;
  /** Since when the session is established. */
  readonly since?: Date;
  /** Routes sent to the peer, all families. */
  readonly advertised: number;
  /** Routes of the peer that were accepted, all families. */
  readonly accepted: number;
}

/** apipb.Peer, as far as its state is read. */
export interface PeerStatusMessage {
  readonly conf?: { readonly neighborAddress: string; readonly peerAsn: number };
  readonly state?: { readonly neighborAddress: string; readonly peerAsn: number; readonly sessionState: string };
  readonly timers?: { readonly state?: { readonly uptime?: { readonly seconds: number | string } } };
  readonly afiSafis?: readonly { readonly state?: { readonly accepted: number; readonly advertised: number } }[];
}

export function decodePeerStatus(message: PeerStatusMessage): PeerStatus {
  const uptime = Number(message.timers?.state?.uptime?.seconds ?? 0);
  const state = (message.state?.sessionState ?? 'UNKNOWN').toLowerCase() as SessionState;
  const sum = (of: 'accepted' | 'advertised') =>
    (message.afiSafis ?? []).reduce((total, family) => total + Number(family.state?.[of] ?? 0), 0);
  return {
    address: message.state?.neighborAddress || (message.conf?.neighborAddress ?? ''),
    asn: message.conf?.peerAsn ?? message.state?.peerAsn ?? 0,
    state,
    ...(state === 'established' && uptime > 0 ? { since: new Date(uptime * 1000) } : {}),
    advertised: sum('advertised'),
    accepted: sum('accepted'),
  };
}
