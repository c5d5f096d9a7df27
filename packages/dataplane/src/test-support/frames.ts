/**
 * Frames as literal bytes, made with scapy: a TCP SYN from 192.0.2.10 or 2001:db8:c::10, port 1234, to port 80 of the
 * VIP 198.51.100.10 or 2001:db8:100::10; TTL 64, traffic class 0x2a. What leaves the node is for 10.0.0.21 or fd00::21.
 */
const toNode = '0200000000bb020000000001';
const toBackend = '0200000000aa0200000000bb';
const tcp = '04d2005000000001000000005002200';

export const syn4 = `${toNode}0800452a00280007000040068e57c000020ac633640a${tcp}09e770000`;
export const syn6 = `${toNode}86dd62a000000014064020010db8000c0000000000000000001020010db8010000000000000000000010${tcp}02e220000`;

/** The same with one hop taken, without Ethernet. */
export const forwarded4 = `452a0028000700003f068f57c000020ac633640a${tcp}09e770000`;
export const forwarded6 = `62a000000014063f20010db8000c0000000000000000001020010db8010000000000000000000010${tcp}02e220000`;

const addresses6 = 'fd000000000000000000000000000011fd000000000000000000000000000021';

/** Outer IPv4: total length, protocol and checksum as hex. */
export const outer4 = (bytes: string, protocol: string, check: string) =>
  `${toBackend}0800452a${bytes}0000400040${protocol}${check}0a00000b0a000015`;

/** Outer IPv6: 20 bits of flow label, payload length and protocol. */
export const outer6 = (label: number, bytes: string, protocol: string) =>
  `${toBackend}86dd62a${label.toString(16).padStart(5, '0')}${bytes}${protocol}40${addresses6}`;

/** UDP and GUE for a flow's hash: source port, length, inner protocol. */
export const gue = (hash: number, bytes: string, protocol: string) =>
  `${(0xc000 | (hash >>> 18)).toString(16)}17c0${bytes}000000${protocol}0000`;

export const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
