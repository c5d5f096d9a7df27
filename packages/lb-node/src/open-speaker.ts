import { type SpeakerLogger, startSpeaker, startVrrpSpeaker } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import { HeldVips } from './held-vips.js';
import { leaveVrrp } from './leave-vrrp.js';
import type { NodeSpeaker } from './node-speaker.js';
import { speakerOptions } from './speaker-options.js';
import { vrrpOptions } from './vrrp-options.js';

/**
 * Starts what the configuration announces VIPs by; undefined: by nothing.
 * @throws {SpeakerError} GOBGPD_MISSING, GOBGPD_FAILED, GOBGPD_OTHER_ASN
 * @throws {IpCommandError} IP_COMMAND_FAILED
 */
export async function openSpeaker(config: NodeConfig, logger: SpeakerLogger): Promise<NodeSpeaker | undefined> {
  const vrrp = vrrpOptions(config, logger);
  if (vrrp === undefined) {
    await leaveVrrp(config);
    const bgp = speakerOptions(config, logger);
    return bgp === undefined ? undefined : startSpeaker(bgp);
  }
  const held = new HeldVips(config.node.interfaces);
  const speaker = startVrrpSpeaker(vrrp);
  return {
    async expect(vips) {
      await held.set(vips);
      await speaker.expect(vips);
    },
    set: (announcements) => speaker.set(announcements),
    async stop(options) {
      try {
        await speaker.stop(options);
      } finally {
        if (!options.leaveRunning) await HeldVips.remove();
      }
    },
  };
}
