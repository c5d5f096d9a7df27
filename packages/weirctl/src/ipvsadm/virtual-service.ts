/** What a virtual service of IPVS is found by: an address, or the mark that iptables or nft put on packets. */
export type ServiceKey =
  | {
      readonly kind: 'address';
      readonly protocol: IpvsProtocol;
      /** Canonical text. */
      readonly address: string;
      /** 0: all ports, of a persistent service. */
      readonly port: number;
    }
  | { readonly kind: 'mark'; readonly mark: number; readonly family: 4 | 6 };

export type IpvsProtocol = 'tcp' | 'udp' | 'sctp';

/** A virtual service as ipvsadm(8) has it, without its real servers. */
export interface VirtualService {
  readonly key: ServiceKey;
  /** By its name in ipvsadm(8); it may be one that Weir does not have. */
  readonly scheduler: string;
  /** Such as `sh-port`. */
  readonly schedulerFlags: readonly string[];
  readonly persistence?: Persistence;
  /** Such as `sip`. */
  readonly persistenceEngine?: string;
  /** Each UDP packet is scheduled for itself. */
  readonly onePacket: boolean;
}

export interface Persistence {
  readonly timeoutSeconds: number;
  /** Bits of an address that tell clients apart, of the service's family; undefined: a netmask that is no prefix. */
  readonly prefixBits: number | undefined;
}

/** How packets travel to a real server. */
export type Forward =
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'route' }
  | {
      readonly kind: 'tunnel';
      readonly type: 'ipip' | 'gue' | 'gre';
      /** Of gue. */
      readonly port?: number;
      readonly checksum: 'nocsum' | 'csum' | 'remcsum';
    };

/** A real server as ipvsadm(8) has it. */
export interface RealServer {
  /** Canonical text. */
  readonly address: string;
  /** 0: the packet's port. */
  readonly port: number;
  readonly forward: Forward;
  readonly weight: number;
  /** Connections with which it takes no new ones; 0: no limit. */
  readonly upperThreshold: number;
  /** Connections below which it takes new ones again; 0: three quarters of the upper threshold. */
  readonly lowerThreshold: number;
}

/** `198.51.100.1:443`, `[2001:db8::1]:443`. */
export function endpointText(address: string, port: number | string): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** As ipvsadm's arguments have it: `-t 198.51.100.1:443`, `-f 1`. */
export function keyText(key: ServiceKey): string {
  if (key.kind === 'mark') return `-f ${key.mark}${key.family === 6 ? ' -6' : ''}`;
  return `${protocolOption[key.protocol]} ${endpointText(key.address, key.port)}`;
}

const protocolOption = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;
