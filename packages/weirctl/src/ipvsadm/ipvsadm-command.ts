import type { RealServer, ServiceKey, VirtualService } from './virtual-service.js';

/** Which table `-L` prints. */
export type ListFormat = 'rules' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info' | 'default';

/** How tables are printed. */
export interface ListSettings {
  readonly format: ListFormat;
  /** Numbers instead of names. */
  readonly numeric: boolean;
  /** Counters as they are, instead of in K, M, G and T. */
  readonly exact: boolean;
  readonly sorted: boolean;
}

/** What a command line of ipvsadm asks for. */
export type IpvsadmCommand =
  | { readonly kind: 'add-service'; readonly service: VirtualService }
  | { readonly kind: 'edit-service'; readonly service: VirtualService }
  | { readonly kind: 'delete-service'; readonly key: ServiceKey }
  | { readonly kind: 'clear' }
  | { readonly kind: 'add-server'; readonly key: ServiceKey; readonly server: RealServer }
  | { readonly kind: 'edit-server'; readonly key: ServiceKey; readonly server: RealServer }
  | { readonly kind: 'delete-server'; readonly key: ServiceKey; readonly address: string; readonly port: number }
  | { readonly kind: 'list'; readonly key: ServiceKey | undefined; readonly settings: ListSettings }
  | { readonly kind: 'list-connections' }
  | { readonly kind: 'list-timeouts' }
  | { readonly kind: 'list-daemons' }
  | { readonly kind: 'zero'; readonly key: ServiceKey | undefined }
  | { readonly kind: 'set-timeouts'; readonly timeouts: Timeouts }
  | { readonly kind: 'save'; readonly settings: ListSettings }
  | { readonly kind: 'restore' }
  | { readonly kind: 'start-daemon' | 'stop-daemon'; readonly state: 'master' | 'backup' }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' };

/** Of `--set`, in seconds; 0: as it is. */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}
