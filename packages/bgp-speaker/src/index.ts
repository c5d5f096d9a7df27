export { announcedPrefixes } from './announced-prefixes.js';
export type { Announcement } from './announcement.js';
export {
  type BgpSpeaker,
  type GobgpdOptions,
  type SpeakerOptions,
  type SpeakerStatus,
  startSpeaker,
} from './speaker.js';
export { SpeakerError, type SpeakerErrorCode } from './speaker-error.js';
export type { SpeakerLogger } from './speaker-logger.js';
export { stopKeepalived } from './vrrp/keepalived-process.js';
export type { VrrpOptions, VrrpPeer } from './vrrp/vrrp-options.js';
export { startVrrpSpeaker, type VrrpSpeaker, type VrrpStatus } from './vrrp/vrrp-speaker.js';
