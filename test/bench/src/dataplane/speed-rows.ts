import type { Traffic } from './traffic.js';

/** From how many flows packets come in turn: caches hold all that one flow needs. */
export const flowCounts = [1, 100_000] as const;
export type FlowCount = (typeof flowCounts)[number];

/** A figure to reach, beside the best that another load balancer gave when it was measured in this way. */
export interface Goal {
  readonly rival?: number;
  readonly goal: number;
}

/** A kind of packet, and what forwarding it should cost. */
export interface SpeedRow {
  readonly packet: string;
  readonly traffic: Traffic;
  /** In ns for a packet, or in millions of packets a second for {@link liveRow}. */
  readonly goals: Readonly<Record<FlowCount, Goal>>;
}

const ipip = { method: 'ipip' } as const;
const gue = { method: 'gue', port: 6080, header: 'gue' } as const;
const hops = { method: 'gue', port: 19_523, header: 'hops' } as const;
const nat = { method: 'nat' } as const;
const fullnat = { method: 'fullnat', toa: true } as const;
const tcpKnown = { family: 'ipv4', sent: 'tcp-ack', state: 'known' } as const;
const tcpForgotten = { family: 'ipv4', sent: 'tcp-ack', state: 'forgotten' } as const;
const tcpAnswer = { family: 'ipv4', sent: 'tcp-ack', state: 'answer' } as const;

export const speedRows: readonly SpeedRow[] = [
  row('no service: to the kernel', { family: 'ipv4', sent: 'tcp-ack', state: 'unserved' }, [49, 25], [49, 25]),
  row('TCP, row undisturbed', { ...tcpForgotten, forwarding: ipip }, [101, 55], [113, 65]),
  row('TCP, flow known', { ...tcpKnown, forwarding: ipip }, [104, 65], [266, 110]),
  row('TCP IPv6, flow known', { ...tcpKnown, family: 'ipv6', forwarding: ipip }, [106, 70], [249, 120]),
  row(
    'TCP SYN that records a flow',
    { family: 'ipv4', sent: 'tcp-syn', state: 'new', forwarding: ipip },
    [288, 100],
    [531, 160],
  ),
  row(
    'the same, and whether it is answered',
    { family: 'ipv4', sent: 'tcp-syn', state: 'new', forwarding: ipip, watched: true },
    [250],
    [350],
  ),
  row('TCP, flow known, SYNs are watched', { ...tcpKnown, forwarding: ipip, watched: true }, [65], [110]),
  row('UDP, flow known', { ...tcpKnown, sent: 'udp', forwarding: ipip }, [134, 65], [288, 115]),
  row('gue, flow known', { ...tcpKnown, forwarding: gue }, [295, 75], [439, 125]),
  row('gue, row undisturbed', { ...tcpForgotten, forwarding: gue }, [65], [80]),
  row('gue with 3 choices', { ...tcpForgotten, forwarding: hops }, [95], [110]),
  row('nat, flow known, to the backend', { ...tcpKnown, forwarding: nat }, [110], [170]),
  row('nat, flow known, to the client', { ...tcpAnswer, forwarding: nat }, [110], [170]),
  row('fullnat, flow known, to the backend', { ...tcpKnown, forwarding: fullnat }, [110], [170]),
  row('fullnat, flow known, to the client', { ...tcpAnswer, forwarding: fullnat }, [110], [170]),
];

/** Frames that are really sent, from one end of a veth pair to the other and back. */
export const liveRow: SpeedRow = row(
  'live frames over veth, XDP_TX back',
  { ...tcpKnown, forwarding: ipip },
  [3.1, 3.9],
  [2.2, 3.3],
);

type Figures = readonly [rival: number, goal: number] | readonly [goal: number];

function row(packet: string, traffic: Traffic, one: Figures, many: Figures): SpeedRow {
  return { packet, traffic, goals: { 1: goalOf(one), 100000: goalOf(many) } };
}

function goalOf(figures: Figures): Goal {
  return figures.length === 1 ? { goal: figures[0] } : { rival: figures[0], goal: figures[1] };
}
