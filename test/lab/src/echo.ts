import { fileURLToPath } from 'node:url';
import type { LabHost } from './lab-host.js';
import type { LabProcess } from './lab-process.js';

const SERVER = fileURLToPath(new URL('echo-server.js', import.meta.url));
const UDP_CLIENT = fileURLToPath(new URL('udp-echo-client.js', import.meta.url));

/** Port of {@link startEchoServer} (RFC 862). */
export const ECHO_PORT = 7;

/**
 * Starts a server in a host that repeats what it gets, and returns when it is ready: TCP after a line with the name of the
 * host, and UDP on each address that the host has now, VIPs included.
 */
export async function startEchoServer(host: LabHost, { port = ECHO_PORT } = {}): Promise<LabProcess> {
  const server = host.spawn(process.execPath, [SERVER, host.name, String(port)], { name: `echo-${port}` });
  await server.waitForLine(/^ready$/);
  return server;
}

export interface UdpEchoOptions {
  readonly address: string;
  /** Default {@link ECHO_PORT}. */
  readonly port?: number;
  /** Of each datagram, without headers. More than fits the path is sent in fragments. Default 100. */
  readonly bytes?: number;
  /** Each from the same port, 10 ms apart. Default 1. */
  readonly datagrams?: number;
  /** How long to wait for answers after the last datagram. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface UdpEchoResult {
  /** Answers that were what was sent, byte for byte. */
  readonly intact: number;
  readonly damaged: number;
}

/** Sends datagrams of random bytes from a host and counts the answers. */
export async function udpEcho(host: LabHost, options: UdpEchoOptions): Promise<UdpEchoResult> {
  const { address, port = ECHO_PORT, bytes = 100, datagrams = 1, timeoutMs = 10_000 } = options;
  const args = [UDP_CLIENT, address, port, bytes, datagrams, timeoutMs].map(String);
  return JSON.parse(await host.output(process.execPath, args)) as UdpEchoResult;
}
