import assert from 'node:assert/strict';
import {
  buildFrame,
  buildTcpPacket,
  buildUdpPacket,
  ETHERNET_BYTES,
  familyOf,
  IPV4_BYTES_MIN,
  IPV6_BYTES,
  TcpFlag,
} from '@weir/packet';

/** Sizes of frames that bpf/trampoline.bpf.c restores: without and with an IPv6 header, padded by payload. */
export const PacketBytes = { short: 64, long: 128 } as const;

/** What the node under test answers to, and where its packets come from, in every benchmark. */
export const nodeMac = Uint8Array.of(2, 0, 0, 0, 0, 1);
const neighbourMac = Uint8Array.of(2, 0, 0, 0, 0, 2);

/** 100.64.0.0: address of the first 16 flows, and 16 flows to each address after it. FIRST_CLIENT of the trampoline. */
const FIRST_CLIENT = 0x6440_0000;
const FIRST_PORT = 1024;
const FLOWS_PER_CLIENT_LOG2 = 4;
const CLIENT = { ipv4: '100.64.0.0', ipv6: '2001:db8:c:0:6440::10' };

/** What a client sends. */
export type SentBy = 'tcp-syn' | 'tcp-ack' | 'udp';

/** A packet that is turned into those of many flows. */
export interface FlowPacket {
  /** From the Ethernet header on; {@link PacketBytes}. */
  readonly bytes: Uint8Array;
  /** Where the 32 bits are that tell clients apart: all of an IPv4 address, the third word of an IPv6 address. */
  readonly addressOffset: number;
  /** Where the client's port is. */
  readonly portOffset: number;
}

/** The packet of flow 0 from a client to a VIP. */
export function flowPacket(sent: SentBy, vip: string, port: number): FlowPacket {
  const isIpv4 = familyOf(vip) === 4;
  const source = isIpv4 ? CLIENT.ipv4 : CLIENT.ipv6;
  const bytes = paddedFrame(sent, { source, destination: vip }, { sourcePort: FIRST_PORT, destinationPort: port });
  return {
    bytes,
    // Source addresses start 12 bytes into an IPv4 header, 8 into an IPv6 header.
    addressOffset: ETHERNET_BYTES + (isIpv4 ? 12 : 8 + 8),
    portOffset: ETHERNET_BYTES + (isIpv4 ? IPV4_BYTES_MIN : IPV6_BYTES),
  };
}

/**
 * Makes a packet one of another flow, as the trampoline does. Checksums stay those of flow 0: nothing that is measured
 * verifies them.
 *
 * @param frame  written to; a copy of the packet's bytes
 */
export function writeFlow(frame: Uint8Array, { addressOffset, portOffset }: FlowPacket, flow: number): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  view.setUint32(addressOffset, FIRST_CLIENT + (flow >>> FLOWS_PER_CLIENT_LOG2));
  view.setUint16(portOffset, FIRST_PORT + (flow & ((1 << FLOWS_PER_CLIENT_LOG2) - 1)));
}

/** A frame between any two ends, as long as the trampoline wants it. */
export function paddedFrame(
  sent: SentBy,
  ends: { readonly source: string; readonly destination: string },
  ports: { readonly sourcePort: number; readonly destinationPort: number },
): Uint8Array {
  const macs = { destination: nodeMac, source: neighbourMac };
  const build = (payload: Uint8Array) =>
    buildFrame(
      macs,
      sent === 'udp'
        ? buildUdpPacket(ends, ports, payload)
        : buildTcpPacket(
            ends,
            { ...ports, flags: sent === 'tcp-syn' ? TcpFlag.syn : TcpFlag.ack, window: 65535 },
            payload,
          ),
    );
  const headers = build(new Uint8Array());
  const wanted = familyOf(ends.source) === 4 ? PacketBytes.short : PacketBytes.long;
  assert(headers.byteLength <= wanted);
  return build(new Uint8Array(wanted - headers.byteLength));
}
