export { announcedPrefixes } from './announced-prefixes.js';
export type { Announcement } from './announcement.js';
export {
  type BgpSpeaker,
  type GobgpdOptions,
  type SpeakerLogger,
  type SpeakerOptions,
  type SpeakerStatus,
  startSpeaker,
} from './speaker.js';
export { SpeakerError, type SpeakerErrorCode } from './speaker-error.js';
