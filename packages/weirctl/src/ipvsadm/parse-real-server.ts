import { wrongUsage } from './ipvsadm-error.js';
import type { NameLookup } from './name-lookup.js';
import { readEndpoint, wholeNumber } from './read-endpoint.js';
import type { SplitOptions } from './split-options.js';
import type { Forward, RealServer, ServiceKey } from './virtual-service.js';

type Options = SplitOptions['options'];

const INT_MAX = 2_147_483_647;
/** IANA's port of GUE. */
const GUE_PORT = 6080;

/**
 * A real server with what -a and -e say of it.
 * @throws {IpvsadmError} IPVSADM_USAGE
 */
export async function parseRealServer(options: Options, key: ServiceKey, names: NameLookup): Promise<RealServer> {
  const { address, port } = await parseServerAddress(options, key, names);
  const forward = parseForward(options);
  if (key.kind === 'address' && forward.kind !== 'tunnel' && address.includes(':') !== key.address.includes(':')) {
    wrongUsage(`Different address family is allowed only for tunneling servers: -r ${address} with ${key.address}`);
  }
  return {
    address,
    // Only masquerading rewrites ports.
    port: forward.kind === 'masquerade' || key.kind === 'mark' ? port : key.port,
    forward,
    weight: numberOf(options, 'weight', 'weight', INT_MAX) ?? 1,
    upperThreshold: numberOf(options, 'u-threshold', 'u_threshold', INT_MAX) ?? 0,
    lowerThreshold: numberOf(options, 'l-threshold', 'l_threshold', INT_MAX) ?? 0,
  };
}

/**
 * What -r names; without a port it is the service's.
 * @throws {IpvsadmError} IPVSADM_USAGE
 */
export async function parseServerAddress(
  options: Options,
  key: ServiceKey,
  names: NameLookup,
): Promise<{ readonly address: string; readonly port: number }> {
  const value = options.get('real-server')?.value ?? '';
  const endpoint = await readEndpoint(value, key.kind === 'address' ? key.protocol : 'tcp', names);
  if (endpoint === undefined) {
    wrongUsage(`illegal real server address[:port] specified: -r ${value}; write 10.0.0.1:80 or [fd00::1]:80`);
  }
  return { address: endpoint.address, port: endpoint.port ?? (key.kind === 'address' ? key.port : 0) };
}

function parseForward(options: Options): Forward {
  const way = options.get('forwarding-method')?.long ?? 'gatewaying';
  const tunnelOption = (['tun-type', 'tun-port', 'tun-checksum'] as const).find((option) => options.has(option));
  if (way !== 'ipip') {
    if (tunnelOption !== undefined) {
      wrongUsage(`Tunnel options conflict with forward method: --${options.get(tunnelOption)?.long} with --${way}`);
    }
    return { kind: way === 'masquerading' ? 'masquerade' : 'route' };
  }
  const type = options.get('tun-type')?.value ?? 'ipip';
  if (type !== 'ipip' && type !== 'gue' && type !== 'gre') {
    wrongUsage(`illegal tunnel type specified: --tun-type ${type} is none of ipip, gue, gre`);
  }
  return tunnelOf(type, options);
}

function tunnelOf(type: 'ipip' | 'gue' | 'gre', options: Options): Forward {
  const sum = options.get('tun-checksum')?.long;
  const port = options.get('tun-port')?.value;
  if (sum !== undefined && (type === 'ipip' || (type === 'gre' && sum === 'tun-remcsum'))) {
    wrongUsage(`Illegal '${sum}' option with the '${type}' tunnel type`);
  }
  if (port !== undefined && type !== 'gue') wrongUsage(`Illegal 'tun-port' option with the '${type}' tunnel type`);
  const checksum = sum === undefined ? 'nocsum' : (sum.slice('tun-'.length) as 'nocsum' | 'csum' | 'remcsum');
  if (type !== 'gue') return { kind: 'tunnel', type, checksum };
  if (port === undefined)
    wrongUsage(`You need to supply the 'tun-port' option for the 'gue' tunnel type, such as ${GUE_PORT}`);
  const number = wholeNumber(port, 1, 65_535);
  if (number === undefined)
    wrongUsage(`illegal tunnel port specified: --tun-port ${port} is not a number from 1 to 65535`);
  return { kind: 'tunnel', type, port: number, checksum };
}

function numberOf(
  options: Options,
  option: 'weight' | 'u-threshold' | 'l-threshold',
  name: string,
  most: number,
): number | undefined {
  const value = options.get(option)?.value;
  if (value === undefined) return undefined;
  return (
    wholeNumber(value, 0, most) ??
    wrongUsage(`illegal ${name} specified: --${option} ${value} is not a number from 0 to ${most}`)
  );
}
