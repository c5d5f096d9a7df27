import { DataplaneError } from '../dataplane-error.js';
import { openPinned, pin, unpin } from './bpffs.js';
import { checked, Errno, errnoName, native } from './native.js';

/** How a program hangs on an interface: in the driver, or in the kernel's generic path after the skb was made. */
export type XdpMode = 'native' | 'generic';

/** `auto`: native where the driver has it, else generic. */
export type XdpModeWanted = XdpMode | 'auto';

/** An interface that the program is attached to. */
export interface XdpAttachment {
  readonly interface: string;
  readonly mode: XdpMode;
  /** Set when `auto` ended in generic mode: the errno that native mode was refused with. */
  readonly nativeRefusedWith?: string;
  /** True when a link of a former life was found and only its program exchanged. */
  readonly adopted: boolean;
}

/** BPF_XDP of enum bpf_attach_type, XDP_FLAGS_* of linux/if_link.h. */
const BPF_XDP = 37;
const modeFlags = { native: 1 << 2, generic: 1 << 1 } as const;

/** struct bpf_link_create_opts of libbpf 1.1. */
const LinkCreateOptions = { bytes: 64, size: 0, flags: 8 } as const;
/** struct bpf_link_info of linux/bpf.h. */
const LinkInfo = { bytes: 80, xdpIfindex: 16 } as const;
/** struct bpf_xdp_query_opts of libbpf 1.1. */
const XdpQueryOptions = { bytes: 32, size: 0, attachMode: 24 } as const;
/** XDP_ATTACHED_SKB of linux/if_link.h. */
const XDP_ATTACHED_SKB = 2;

/**
 * Attaches a program to an interface by a link pinned at `pinPath`, or puts it into the link that is pinned there: the
 * exchange is atomic, no packet sees neither or both.
 *
 * @throws {DataplaneError} INTERFACE_MISSING, XDP_BUSY, XDP_ATTACH_REFUSED
 */
export function attachXdp(
  programFd: number,
  interfaceName: string,
  wanted: XdpModeWanted,
  pinPath: string,
): XdpAttachment {
  const ifindex = interfaceIndex(interfaceName);
  const existing = openPinned(pinPath);
  if (existing !== undefined) {
    try {
      const mode = modeOf(ifindex);
      if (linkIfindex(existing) === ifindex && (wanted === 'auto' || wanted === mode)) {
        checked(native().updateLink(existing, programFd, null), `exchanging the program on ${interfaceName}`);
        return { interface: interfaceName, mode, adopted: true };
      }
    } finally {
      native().close(existing);
    }
    // The interface was made anew since, or the other mode is wanted: the old link serves nobody.
    unpin(pinPath);
  }
  return createLink(programFd, interfaceName, ifindex, wanted, pinPath);
}

/** Is the link at `pinPath` still on the interface of this name? Not so once the interface was deleted or made anew. */
export function isAttached(interfaceName: string, pinPath: string): boolean {
  const link = openPinned(pinPath);
  if (link === undefined) return false;
  try {
    const ifindex = native().ifNameToIndex(interfaceName) as number;
    return ifindex !== 0 && linkIfindex(link) === ifindex;
  } finally {
    native().close(link);
  }
}

function createLink(
  programFd: number,
  interfaceName: string,
  ifindex: number,
  wanted: XdpModeWanted,
  pinPath: string,
): XdpAttachment {
  const modes: readonly XdpMode[] = wanted === 'auto' ? ['native', 'generic'] : [wanted];
  const refusals: string[] = [];
  for (const mode of modes) {
    const options = Buffer.alloc(LinkCreateOptions.bytes);
    options.writeBigUInt64LE(BigInt(LinkCreateOptions.bytes), LinkCreateOptions.size);
    options.writeUInt32LE(modeFlags[mode], LinkCreateOptions.flags);
    const link = native().createLink(programFd, ifindex, BPF_XDP, options) as number;
    if (link >= 0) {
      try {
        pin(link, pinPath);
      } finally {
        native().close(link);
      }
      const nativeRefusedWith = refusals[0];
      return { interface: interfaceName, mode, adopted: false, ...(nativeRefusedWith ? { nativeRefusedWith } : {}) };
    }
    const errno = -link;
    if (errno === Errno.EBUSY || errno === Errno.EEXIST) {
      throw new DataplaneError(
        'XDP_BUSY',
        `interface ${interfaceName} already carries an XDP program that is not Weir's; see "ip link show ${interfaceName}", remove it with "ip link set ${interfaceName} xdp off"`,
        { details: { interface: interfaceName } },
      );
    }
    if (errno === Errno.EPERM) checked(link, `attaching to ${interfaceName}`);
    refusals.push(errnoName(errno));
  }
  throw new DataplaneError(
    'XDP_ATTACH_REFUSED',
    `interface ${interfaceName} refuses XDP in ${modes.map((mode, i) => `${mode} mode (${refusals[i]})`).join(' and ')}; a large MTU or the driver may be the reason${wanted === 'native' ? '; mode "auto" falls back to generic' : ''}`,
    { details: { interface: interfaceName, modes, refusals } },
  );
}

/** @throws {DataplaneError} INTERFACE_MISSING */
export function interfaceIndex(name: string): number {
  const ifindex = native().ifNameToIndex(name) as number;
  if (ifindex !== 0) return ifindex;
  throw new DataplaneError('INTERFACE_MISSING', `interface "${name}" does not exist; see "ip link"`, {
    details: { interface: name },
  });
}

function linkIfindex(link: number): number {
  const info = Buffer.alloc(LinkInfo.bytes);
  checked(native().getInfo(link, info, [info.byteLength]), 'reading a pinned link');
  return info.readUInt32LE(LinkInfo.xdpIfindex);
}

function modeOf(ifindex: number): XdpMode {
  const options = Buffer.alloc(XdpQueryOptions.bytes);
  options.writeBigUInt64LE(BigInt(XdpQueryOptions.bytes), XdpQueryOptions.size);
  checked(native().queryXdp(ifindex, 0, options), 'asking for the XDP mode');
  return options.readUInt8(XdpQueryOptions.attachMode) === XDP_ATTACHED_SKB ? 'generic' : 'native';
}
