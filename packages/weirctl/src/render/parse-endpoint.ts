import { isIP } from 'node:net';
import { WeirctlError } from '../weirctl-error.js';

/** An address and a port as people write them. */
export interface ParsedEndpoint {
  readonly address: string;
  /** 0: of a protocol without ports. */
  readonly port: number;
}

const PORT_MAX = 65_535;

/**
 * `203.0.113.7:40000`, `[2001:db8::7]:40000`, or an address alone.
 * @throws {WeirctlError} INPUT_INVALID
 */
export function parseEndpoint(text: string): ParsedEndpoint {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const number = port === undefined ? 0 : Number(port);
  if (isIP(address) === 0 || number > PORT_MAX) {
    throw new WeirctlError(
      'INPUT_INVALID',
      `"${text}" is no address with a port; write one such as 203.0.113.7:40000 or [2001:db8::7]:40000`,
    );
  }
  return { address, port: number };
}

/**
 * The same with a protocol behind it, tcp unless it says otherwise: `198.51.100.1:443/tcp`.
 * @throws {WeirctlError} INPUT_INVALID
 */
export function parseDestination(text: string): ParsedEndpoint & { readonly protocol: string } {
  const slash = text.lastIndexOf('/');
  const protocol = slash === -1 ? 'tcp' : text.slice(slash + 1).toLowerCase();
  if (!['tcp', 'udp', 'sctp', 'esp', 'ah'].includes(protocol)) {
    throw new WeirctlError('INPUT_INVALID', `"${text}" ends with no protocol of tcp, udp, sctp, esp, ah`);
  }
  return { ...parseEndpoint(slash === -1 ? text : text.slice(0, slash)), protocol };
}
