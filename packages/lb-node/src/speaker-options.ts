import { join } from 'node:path';
import type { SpeakerLogger, SpeakerOptions } from '@weir/bgp-speaker';
import type { NodeConfig } from '@weir/control';

/** The speaker's part of the configuration; undefined where nothing is to be announced. */
export function speakerOptions(config: NodeConfig, logger: SpeakerLogger): SpeakerOptions | undefined {
  const { bgp, node } = config;
  if (bgp === undefined) return undefined;
  return {
    asn: bgp.asn,
    routerId: bgp.routerId,
    peers: bgp.peers,
    nextHop: {
      ...(node.address === undefined ? {} : { ipv4: node.address }),
      ...(node.address6 === undefined ? {} : { ipv6: node.address6 }),
    },
    gobgpd:
      bgp.gobgpd.run === 'external'
        ? { run: 'external', apiAddress: bgp.gobgpd.apiAddress, listenPort: bgp.listenPort }
        : {
            run: 'child',
            command: bgp.gobgpd.command,
            apiAddress: bgp.gobgpd.apiAddress,
            directory: join(config.runtimeDirectory, 'gobgpd'),
            listenPort: bgp.listenPort,
          },
    gracefulRestart: bgp.gracefulRestart,
    logger,
  };
}
