import type { LabHost } from './lab-host.js';

/** Segments that the TCP of a host has sent again since it was made (RFC 4022, tcpRetransSegs). */
export async function tcpRetransmissions(host: LabHost): Promise<number> {
  const text = await host.output('cat', ['/proc/net/snmp']);
  const [names, values] = text
    .split('\n')
    .filter((line) => line.startsWith('Tcp:'))
    .map((line) => line.split(' '));
  return Number(values?.[names?.indexOf('RetransSegs') ?? -1]);
}
