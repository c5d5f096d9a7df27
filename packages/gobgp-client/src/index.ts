export { type BgpPath, canonicalPath } from './bgp-path.js';
export type { BgpPeer, PeerStatus, SessionState } from './bgp-peer.js';
export { parseCommunity } from './community.js';
export { type BgpIdentity, GobgpClient } from './gobgp-client.js';
export { GobgpError, type GobgpErrorCode } from './gobgp-error.js';
