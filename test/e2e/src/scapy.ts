import type { LabHost } from '@weir/lab';

/**
 * Runs a Python program in a host with all of scapy, and with `wire(interface)`, a raw socket whose `send` takes a frame's
 * bytes: scapy's own ones are slow, and fill in what a test wants to be wrong.
 */
export async function runScapy(host: LabHost, program: string): Promise<string> {
  const preamble = `
import socket
from scapy.all import *
def wire(interface):
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    opened.bind((interface, 0))
    return opened
`;
  return await host.output('/usr/bin/python3', ['-c', preamble + program]);
}

/** MAC address of an interface. */
export async function macOf(host: LabHost, interfaceName: string): Promise<string> {
  const text = await host.output('ip', ['-o', 'link', 'show', interfaceName]);
  const mac = /link\/ether (\S+)/.exec(text)?.[1];
  if (mac === undefined) throw new Error(`${host.name} has no MAC address on ${interfaceName}: ${text}`);
  return mac;
}
