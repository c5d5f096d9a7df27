import {
  type SpeakerLogger,
  type SpeakerOptions,
  type SpeakerStatus,
  startSpeaker,
  startVrrpSpeaker,
  type VrrpStatus,
} from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';
import { HeldVips } from './held-vips.js';
import { leaveVrrp } from './leave-vrrp.js';
import type { NodeSpeaker, Sessions } from './node-speaker.js';
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
    return bgp === undefined ? undefined : openBgpSpeaker(bgp);
  }
  const held = new HeldVips(config.node.interfaces);
  const speaker = startVrrpSpeaker(vrrp);
  return {
    async expect(vips) {
      await held.set(vips);
      await speaker.expect(vips);
    },
    set: (announcements) => speaker.set(announcements),
    sessions: async () => vrrpSessions(speaker.status()),
    status: async () => speaker.status(),
    async stop(options) {
      try {
        await speaker.stop(options);
      } finally {
        if (!options.leaveRunning) await HeldVips.remove();
      }
    },
  };
}

async function openBgpSpeaker(options: SpeakerOptions): Promise<NodeSpeaker> {
  const speaker = await startSpeaker(options);
  return {
    set: (announcements) => speaker.set(announcements),
    sessions: async () => bgpSessions(await speaker.status(), options.peers),
    status: () => speaker.status(),
    stop: (how) => speaker.stop(how),
  };
}

/** Of our own peers: a gobgpd that somebody else runs may have others. */
function bgpSessions({ peers }: SpeakerStatus, configured: SpeakerOptions['peers']): Sessions {
  const established = new Set(peers.filter(({ state }) => state === 'established').map(({ address }) => address));
  return { up: configured.filter(({ address }) => established.has(address)).length, configured: configured.length };
}

/** There are none; that keepalived runs stands for one, where there is a VIP to serve. */
function vrrpSessions({ keepalived, announced }: VrrpStatus): Sessions {
  if (keepalived.kind === 'running') return { up: 1, configured: 1 };
  return { up: 0, configured: announced.length > 0 ? 1 : 0 };
}
