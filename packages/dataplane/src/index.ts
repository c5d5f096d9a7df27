export {
  type AppliedChanges,
  type Attachment,
  allLocalPorts,
  type BackendCount,
  type ConnectionAttempts,
  type Counters,
  type Dataplane,
  defaultFlowTimeouts,
  type FlowTableFill,
  type FlowTimeouts,
  type ForwardingBackend,
  type ForwardingService,
  type ForwardingTables,
  type Guard,
  type Persistence,
  type PortRange,
  type ServiceCount,
  type ServiceKey,
  type TableInForce,
  type TrafficCount,
  type TransportProtocol,
  type UnresolvedHop,
} from './dataplane.js';
export { DataplaneError, type DataplaneErrorCode } from './dataplane-error.js';
export { type DropReason, dropReasons } from './drop-reason.js';
export type {
  FlowEvents,
  FlowSharing,
  MissedPacket,
  SettledPacket,
  Settlement,
  Sharing,
  SharingCounts,
} from './flow-sharing.js';
export type { FlowEndpoint, FlowTableView, FlowTuple, RememberedState, SeenFlow } from './flow-table-view.js';
export { type ForwardingMethod, translatesAddresses } from './forwarding-method.js';
export { BpfObject, type TestRun, type TestRunOptions } from './libbpf/bpf-object.js';
export { openPinned, pin, preparePinDirectory, unpin } from './libbpf/bpffs.js';
export { interfaceNameOf } from './libbpf/interface-name.js';
export { macAddressOf } from './libbpf/mac-address.js';
export { MappedArray } from './libbpf/mapped-array.js';
export { possibleCpus } from './libbpf/native.js';
export { attachXdp, isAttached, type XdpAttachment, type XdpMode, type XdpModeWanted } from './libbpf/xdp-link.js';
export type { Owners } from './owners.js';
export type { CapturedPacket, CapturedVerdict, CaptureFilter, CaptureLimits, PacketCapture } from './packet-capture.js';
export type { PacketTrace, TracedBackend, TracedEnd, TraceStep, TraceVerdict } from './packet-trace.js';
export { PortableEngine } from './portable/portable-engine.js';
export { readPortableCounters } from './portable-runtime/counters-socket.js';
export { PortableDataplane, type PortableDataplaneOptions } from './portable-runtime/portable-dataplane.js';
export { PROBE_MARKS, PROBE_NUMBER_MAX, probeMark } from './probe-path/probe-mark.js';
export { ProbePath, type ProbePathOptions } from './probe-path/probe-path.js';
export type { ProbeRoute } from './probe-path/probe-route.js';
export { isRecomputable, type LeastCost, type Scheduling } from './scheduling.js';
export { serviceNumber } from './service-number.js';
export { type SyntheticPacket, syntheticFrame } from './synthetic-packet.js';
export { transportProtocols } from './transport-protocol.js';
export type { RememberedFlow } from './xdp/flow-reader.js';
export { readCounters } from './xdp/read-counters.js';
export type { TableLimits } from './xdp/table-sizes.js';
export { serviceId } from './xdp/wanted-service.js';
export { type TablesOrigin, XdpDataplane, type XdpDataplaneOptions } from './xdp/xdp-dataplane.js';
