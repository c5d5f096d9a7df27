export { DataplaneError, type DataplaneErrorCode } from './dataplane-error.js';
export { BpfObject, type TestRun } from './libbpf/bpf-object.js';
export { openPinned, pin, preparePinDirectory, unpin } from './libbpf/bpffs.js';
export { attachXdp, isAttached, type XdpAttachment, type XdpMode, type XdpModeWanted } from './libbpf/xdp-link.js';
