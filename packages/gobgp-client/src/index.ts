export { type AddressFamily, type BgpPath, canonicalPath } from './bgp-path.js';
export { type BgpPeer, type CompletePeer, completePeer, RESTART_DEFERRAL_SECONDS } from './bgp-peer.js';
export { parseCommunity } from './community.js';
export { type BgpIdentity, GobgpClient } from './gobgp-client.js';
export { GobgpError, type GobgpErrorCode } from './gobgp-error.js';
export type { ListedPath, PathTable } from './listed-path.js';
export type { PeerStatus, SessionState } from './peer-status.js';
