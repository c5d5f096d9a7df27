import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

/** Its TXT record is the name of the host that answers. */
export const DNS_NAME = 'who.lab.test';

/** Starts dnsmasq in a host, for UDP and TCP, and returns when it listens. It answers from the address that was asked. */
export async function startDnsServer(host: LabHost): Promise<LabProcess> {
  const server = host.spawn('dnsmasq', [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--pid-file=',
    '--log-facility=-',
    '--user=root',
    '--no-resolv',
    '--no-hosts',
    `--txt-record=${DNS_NAME},${host.name}`,
  ]);
  await server.waitForListening(53);
  return server;
}

/** Asks the server at an address who answers, with dig. @returns the name of a host */
export async function askDns(host: LabHost, address: string, transport: 'udp' | 'tcp'): Promise<string> {
  const query = [DNS_NAME, 'TXT', '+short', '+time=2', '+tries=2', transport === 'tcp' ? '+tcp' : '+notcp'];
  const answer = await host.output('dig', [`@${address}`, ...query]);
  // It remarks there as well that it asks again.
  const lines = answer.split('\n').filter((line) => !line.startsWith(';;'));
  return lines.join('\n').trim().replaceAll('"', '');
}
