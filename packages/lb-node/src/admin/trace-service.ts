import { type TracePacketRequest, type TracePacketResponse, TraceService } from '@weir/admin-api';
import type { NodeConfig } from '@weir/control';
import {
  type Dataplane,
  type PacketTrace,
  type SyntheticPacket,
  syntheticFrame,
  type TransportProtocol,
  transportProtocols,
} from '@weir/dataplane';
import { familyOf, isIpAddress, TcpFlag } from '@weir/packet';
import { serviceIdOf } from '../forwarding-tables.js';
import { invalid } from './admin-error.js';
import { captureStream } from './capture-stream.js';
import { FieldChecks } from './field-checks.js';
import { type ServiceMethods, serviceMethods } from './service-methods.js';
import { type ServiceNames, stepMessage } from './trace-text.js';

/** What the service takes. */
export interface TraceParts {
  readonly dataplane: Pick<Dataplane, 'trace' | 'capture' | 'attachments'>;
  readonly config: () => NodeConfig;
}

/** weir.admin.v1.Trace. */
export function traceService({ dataplane, config }: TraceParts): ServiceMethods {
  const interfaceNamed = (name: string): string => {
    const { interfaces } = config().node;
    const known = name === '' ? interfaces[0] : interfaces.find((one) => one === name);
    if (known !== undefined) return known;
    throw invalid([{ field: 'interface', description: `"${name}" is none of this node's: ${interfaces.join(', ')}` }]);
  };
  return serviceMethods(TraceService, {
    tracePacket: {
      role: 'viewer',
      async unary(request) {
        const ingress = interfaceNamed(request.interface);
        const frame = request.frame.length > 0 ? request.frame : syntheticFrame(packetOf(request), ingress);
        const names: ServiceNames = new Map(config().services.map((service) => [serviceIdOf(service), service.name]));
        const trace = await dataplane.trace(frame, ingress);
        const engine = dataplane.attachments().some(({ mode }) => mode === 'portable') ? 'portable' : 'xdp';
        return traceMessage(trace, names, engine);
      },
    },
    capturePackets: {
      role: 'operator',
      writes: true,
      stream: (request, caller) => captureStream(dataplane, request, caller),
    },
  });
}

function traceMessage(
  { steps, verdict, packet }: PacketTrace,
  names: ServiceNames,
  engine: string,
): TracePacketResponse {
  return {
    steps: steps.map((step) => stepMessage(step, names)),
    verdict: verdict.kind,
    dropReason: 'reason' in verdict && verdict.reason !== undefined ? verdict.reason : '',
    packet: packet === undefined ? Buffer.alloc(0) : Buffer.from(packet),
    engine,
  };
}

/** @throws {AdminError} INVALID_ARGUMENT */
function packetOf(request: TracePacketRequest): SyntheticPacket {
  const { sourceAddress, sourcePort, destinationAddress, destinationPort, protocol: named, tcpFlags } = request;
  const protocol = named === '' ? 'tcp' : named;
  const checks = new FieldChecks();
  const check = checks.check.bind(checks);
  check('source_address', isIpAddress(sourceAddress), `"${sourceAddress}" is not an IP address`);
  check('destination_address', isIpAddress(destinationAddress), `"${destinationAddress}" is not an IP address`);
  check('source_port', sourcePort <= 65_535, `${sourcePort} is not a port, 0 to 65535`);
  check('destination_port', destinationPort <= 65_535, `${destinationPort} is not a port, 0 to 65535`);
  check('protocol', isProtocol(protocol), `"${protocol}" is none of ${transportProtocols.join(', ')}`);
  const unknown = tcpFlags.filter((flag) => !(flag in TcpFlag));
  check('tcp_flags', unknown.length === 0, `"${unknown.join()}" is none of ${Object.keys(TcpFlag).join(', ')}`);
  if (!checks.found) {
    const isOneFamily = familyOf(sourceAddress) === familyOf(destinationAddress);
    check('destination_address', isOneFamily, `${destinationAddress} is not of the family of ${sourceAddress}`);
  }
  checks.refuse();
  return {
    source: sourceAddress,
    sourcePort,
    destination: destinationAddress,
    destinationPort,
    protocol: protocol as TransportProtocol,
    ...(tcpFlags.length === 0 ? {} : { tcpFlags: tcpFlags as (keyof typeof TcpFlag)[] }),
  };
}

function isProtocol(text: string): text is TransportProtocol {
  return transportProtocols.some((known) => known === text);
}
