export type {
  AppliedChanges,
  Counters,
  Dataplane,
  Encapsulation,
  ForwardingBackend,
  ForwardingService,
  ForwardingTables,
  ServiceCount,
  ServiceKey,
  TrafficCount,
} from './dataplane.js';
export { DataplaneError, type DataplaneErrorCode } from './dataplane-error.js';
export { type DropReason, dropReasons } from './drop-reason.js';
export { BpfObject, type TestRun, type TestRunOptions } from './libbpf/bpf-object.js';
export { openPinned, pin, preparePinDirectory, unpin } from './libbpf/bpffs.js';
export { macAddressOf } from './libbpf/mac-address.js';
export { MappedArray } from './libbpf/mapped-array.js';
export { possibleCpus } from './libbpf/native.js';
export { attachXdp, isAttached, type XdpAttachment, type XdpMode, type XdpModeWanted } from './libbpf/xdp-link.js';
export { readCounters } from './xdp/read-counters.js';
export { type TableLimits, type TablesOrigin, XdpDataplane, type XdpDataplaneOptions } from './xdp/xdp-dataplane.js';
