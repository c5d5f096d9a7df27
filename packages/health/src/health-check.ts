/** How a backend is asked whether it serves; a union by `kind`. */
export type Probe =
  | { readonly kind: 'icmp' }
  | { readonly kind: 'tcp' }
  /** A SYN that is answered, and never a connection. */
  | { readonly kind: 'syn' }
  | HttpProbe
  | {
      readonly kind: 'dns';
      readonly name: string;
      readonly recordType: 'A' | 'AAAA' | 'SOA' | 'NS' | 'TXT' | 'SRV';
      readonly transport: 'udp' | 'tcp';
    }
  /** grpc.health.v1.Health/Check; '' is the server as a whole. */
  | { readonly kind: 'grpc'; readonly service: string; readonly tls?: ProbeTls }
  /** Exit code 0 is well; runs with WEIR_BACKEND_ADDRESS, WEIR_BACKEND_PORT, WEIR_SERVICE in its environment. */
  | { readonly kind: 'script'; readonly command: readonly string[] };

export interface HttpProbe {
  readonly kind: 'http';
  readonly path: string;
  readonly method: 'GET' | 'HEAD';
  /** The header Host; absent: the address. */
  readonly host?: string;
  /** Codes that are well, as inclusive ranges. */
  readonly status: readonly (readonly [number, number])[];
  /** Text that the body has to contain, within its first 64 KiB. */
  readonly body?: string;
  /** Present: https. */
  readonly tls?: ProbeTls;
}

export interface ProbeTls {
  /** Server name indication; absent: none. */
  readonly serverName?: string;
  /** Whether the certificate has to be right. */
  readonly verify: boolean;
  /** PEM file of who signed; absent: the known ones. */
  readonly ca?: string;
}

/** A check of one backend: what is asked, how often, and how many answers change the verdict. Times in ms. */
export interface HealthCheck {
  readonly probe: Probe;
  readonly intervalMs: number;
  /** While the verdict may be changing; at most intervalMs. */
  readonly fastIntervalMs: number;
  readonly timeoutMs: number;
  /** Good answers in a row until a backend that is down is up. */
  readonly rise: number;
  /** Bad ones in a row until one that is up is down. */
  readonly fall: number;
}

/** Where a probe goes. */
export interface ProbeTarget {
  /** Canonical text; the VIP where `mark` takes the packets to the backend as it takes those of clients. */
  readonly address: string;
  /** 0: of a protocol without ports. */
  readonly port: number;
  /** Name of the service, for scripts: WEIR_SERVICE. */
  readonly service?: string;
  /** SO_MARK of the probe's socket: what decides its way. Absent: the kernel's routes. */
  readonly mark?: number;
}
