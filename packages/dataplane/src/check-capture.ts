import { isIpAddress } from '@weir/packet';
import { DataplaneError } from './dataplane-error.js';
import type { CaptureFilter, CaptureLimits } from './packet-capture.js';
import { parseNetwork } from './parse-network.js';

/** SNAP_MAX of bpf/capture.bpf.c. */
const SNAP_MAX = 2048;
const RATE_MAX = 1_000_000;

/** @throws {DataplaneError} CAPTURE_REFUSED */
export function checkCapture(
  { vip, client }: CaptureFilter,
  { packetsPerSecond, snapLengthBytes }: CaptureLimits,
): void {
  if (vip !== undefined && !isIpAddress(vip)) throw refused('vip', vip, 'an IP address');
  if (client !== undefined) parseNetwork(client);
  if (!isWithin(packetsPerSecond, RATE_MAX)) {
    throw refused('packetsPerSecond', packetsPerSecond, `a whole number of 1 to ${RATE_MAX}`);
  }
  if (!isWithin(snapLengthBytes, SNAP_MAX)) {
    throw refused('snapLengthBytes', snapLengthBytes, `a whole number of 1 to ${SNAP_MAX}`);
  }
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

function refused(field: string, value: unknown, expected: string): DataplaneError {
  return new DataplaneError('CAPTURE_REFUSED', `${field} is ${value}, not ${expected}`, { details: { field, value } });
}

export function captureUnderWay(): DataplaneError {
  return new DataplaneError('CAPTURE_REFUSED', 'another capture is under way on this node; end it first');
}
