import type { ListenerConfig, ServiceConfig } from '@weir/control';
import { serviceNumber } from '@weir/dataplane';
import { addressToBytes, encodeFlowImage, FlowImageField as Field, FLOW_IMAGE_BYTES, IpProtocol } from '@weir/packet';
import { serviceKeyOf } from './forwarding-tables.js';

/** How many flows an answer may be of, at most, that the store is asked about. */
const ORIGINS_MAX = 16;

const protocolNumbers = { tcp: IpProtocol.tcp, udp: IpProtocol.udp, sctp: 132, esp: 50, ah: 51 } as const;

/** A listener whose packets a backend gets at a port. */
interface Origin {
  readonly vip: Uint8Array;
  readonly service: number;
  readonly listened: ListenerConfig['port'];
  /** Undefined: that of the packet. */
  readonly backendPort: number | undefined;
}

/**
 * Which flows of nat an answer may belong to. Such a flow is stored under its client's side alone; the answer names client
 * and backend, and the configuration which VIPs have that backend: usually one.
 */
export class NatOrigins {
  readonly #byBackend = new Map<string, Origin[]>();

  constructor(services: readonly ServiceConfig[]) {
    for (const service of services.filter(({ method }) => method === 'nat')) this.#add(service);
  }

  /**
   * Images with protocol, client, VIP and service of the flows that it may be of.
   * @param answer  image with family, protocol, backend, and the client in `local`
   */
  of(answer: Uint8Array): readonly Uint8Array[] {
    const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
    const addressBytes = answer[Field.family] === 6 ? 16 : 4;
    const backend = answer.subarray(Field.backend, Field.backend + addressBytes);
    const protocol = answer[Field.protocol] as number;
    const backendPort = view.getUint16(Field.backendPort);
    const client = {
      address: answer.subarray(Field.local, Field.local + addressBytes),
      port: view.getUint16(Field.localPort),
    };
    const origins = this.#byBackend.get(backendKey(protocol, backend)) ?? [];
    const images: Uint8Array[] = [];
    for (const origin of origins) {
      const port = vipPortOf(origin, backendPort);
      if (port === undefined) continue;
      const image = new Uint8Array(FLOW_IMAGE_BYTES);
      encodeFlowImage(
        {
          protocol,
          state: 'none',
          kind: 'nat',
          service: origin.service,
          client,
          vip: { address: origin.vip, port },
          backend: { address: backend, port: backendPort },
        },
        image,
      );
      images.push(image);
      if (images.length === ORIGINS_MAX) break;
    }
    return images;
  }

  #add({ listeners, backends }: ServiceConfig): void {
    const service = serviceNumber(serviceKeyOf(listeners[0] as ListenerConfig));
    for (const { vip, protocol, port: listened } of listeners) {
      for (const { address, port: backendPort } of backends) {
        const key = backendKey(protocolNumbers[protocol], addressToBytes(address));
        const origins = this.#byBackend.get(key) ?? [];
        origins.push({ vip: addressToBytes(vip), service, listened, backendPort });
        this.#byBackend.set(key, origins);
      }
    }
  }
}

/** The port that the client sent to; undefined: none, or one of many. */
function vipPortOf({ listened, backendPort }: Origin, answered: number): number | undefined {
  if (backendPort !== undefined && backendPort !== answered) return undefined;
  if (typeof listened === 'number') return backendPort === undefined && listened !== answered ? undefined : listened;
  if (backendPort !== undefined) return undefined;
  if (listened === 'all') return answered;
  return listened.first <= answered && answered <= listened.last ? answered : undefined;
}

function backendKey(protocol: number, address: Uint8Array): string {
  return `${protocol} ${Buffer.from(address).toString('latin1')}`;
}
