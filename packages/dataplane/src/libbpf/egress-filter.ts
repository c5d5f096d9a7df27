import { checked, Errno, native } from './native.js';
import { interfaceIndex } from './xdp-link.js';

/** struct bpf_tc_hook of libbpf 1.1. */
const Hook = { bytes: 24, size: 0, ifindex: 8, attachPoint: 12 } as const;
/** struct bpf_tc_opts of libbpf 1.1. */
const Options = { bytes: 32, size: 0, programFd: 8, flags: 12, handle: 20, priority: 24 } as const;
/** BPF_TC_INGRESS and BPF_TC_EGRESS of enum bpf_tc_attach_point: both are the qdisc clsact itself. */
const INGRESS = 1;
const EGRESS = 2;
/** BPF_TC_F_REPLACE. */
const REPLACE = 1;

/** Which filter of an interface is meant: they are tried by priority, the smallest first. */
export interface FilterPlace {
  readonly interface: string;
  readonly priority: number;
  readonly handle: number;
}

/**
 * Lets a program of type tc see what leaves by an interface, in place of what stood at this place.
 * @throws {DataplaneError} INTERFACE_MISSING, BPF_NOT_PERMITTED, BPF_CALL_FAILED
 */
export function attachEgress(programFd: number, place: FilterPlace): void {
  const hook = hookOf(place, EGRESS);
  const made = native().tcHookCreate(hook) as number;
  if (made !== -Errno.EEXIST) checked(made, `adding the qdisc clsact to ${place.interface}`);
  const options = optionsOf(place);
  options.writeInt32LE(programFd, Options.programFd);
  options.writeUInt32LE(REPLACE, Options.flags);
  checked(native().tcAttach(hook, options), `attaching a tc program to ${place.interface}`);
}

/** Is there a filter at this place? */
export function isEgressAttached(place: FilterPlace): boolean {
  return (native().tcQuery(hookOf(place, EGRESS), optionsOf(place)) as number) >= 0;
}

/** Removes what stands at this place; nothing is fine. */
export function detachEgress(place: FilterPlace): void {
  if (!isEgressAttached(place)) return;
  checked(native().tcDetach(hookOf(place, EGRESS), optionsOf(place)), `taking a tc program off ${place.interface}`);
}

/** Removes the qdisc clsact, and with it whatever filters it has. */
export function removeClsact(interfaceName: string): void {
  const hook = hookOf({ interface: interfaceName }, INGRESS | EGRESS);
  checked(native().tcHookDestroy(hook), `removing the qdisc clsact from ${interfaceName}`);
}

function hookOf(place: Pick<FilterPlace, 'interface'>, attachPoint: number): Buffer {
  const hook = Buffer.alloc(Hook.bytes);
  hook.writeBigUInt64LE(BigInt(Hook.bytes), Hook.size);
  hook.writeInt32LE(interfaceIndex(place.interface), Hook.ifindex);
  hook.writeInt32LE(attachPoint, Hook.attachPoint);
  return hook;
}

function optionsOf({ priority, handle }: FilterPlace): Buffer {
  const options = Buffer.alloc(Options.bytes);
  options.writeBigUInt64LE(BigInt(Options.bytes), Options.size);
  options.writeUInt32LE(handle, Options.handle);
  options.writeUInt32LE(priority, Options.priority);
  return options;
}
