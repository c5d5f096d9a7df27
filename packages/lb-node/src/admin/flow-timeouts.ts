import type { FlowTimeouts } from '@weir/admin-api';
import type { NodeConfig, TimeoutsInput } from '@weir/control';
import { durationOf, msOf } from './duration-message.js';

type Timeouts = NodeConfig['dataplane']['timeouts'];

const keys = ['tcpSyn', 'tcp', 'tcpFin', 'tcpClose', 'udp', 'other', 'fragment'] as const;

export function timeoutsMessage(timeouts: Timeouts): FlowTimeouts {
  const message = Object.fromEntries(keys.map((key) => [key, durationOf(timeouts[`${key}Ms`])]));
  return message as unknown as FlowTimeouts;
}

/** Those that are there, as weir.yaml has them; whether they are right, its rules say. */
export function timeoutsInput(message: FlowTimeouts | undefined): TimeoutsInput {
  const given = keys.flatMap((key) => {
    const duration = message?.[key];
    return duration === undefined ? [] : [[key, durationText(Math.round(msOf(duration)))] as const];
  });
  return Object.fromEntries(given);
}

/** `tcp_fin` for `tcpFin` and `dataplane.timeouts.tcpFin`. */
export function timeoutField(path: string): string {
  const key = path.slice(path.lastIndexOf('.') + 1);
  return `timeouts.${key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;
}

function durationText(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
