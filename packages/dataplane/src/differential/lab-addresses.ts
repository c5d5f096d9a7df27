/**
 * The small world of the differential tests: a node with two interfaces, known neighbours and nothing else. Few
 * addresses and ports, so that packets meet each other's flows.
 */
export const seed = 0x5eed_0123_4567_89abn;

export const clients = {
  4: ['192.0.2.1', '192.0.2.2', '192.0.2.130', '203.0.113.7'],
  6: ['2001:db8:c::1', '2001:db8:c::2', '2001:db8:c:1::1', '2001:db8:d::7'],
} as const;
/** Nothing leads there. */
export const unreachableClients = { 4: '240.0.0.9', 6: '2001:db8:ffff::9' } as const;

export const vips = {
  4: ['198.51.100.1', '198.51.100.2', '198.51.100.3'],
  6: ['2001:db8:100::1', '2001:db8:100::2', '2001:db8:100::3'],
} as const;

/** Two by eth0, one by its VLAN, two by eth1 with its smaller MTU, one that is silent, one that no route leads to. */
export const backends = {
  4: ['10.0.0.21', '10.0.0.22', '10.2.0.21', '10.1.0.21', '10.1.0.22', '10.0.0.250', '172.31.0.1'],
  6: ['fd00::21', 'fd00::22', 'fd00:2::21', 'fd00:1::21', 'fd00:1::22', 'fd00::250', 'fd00:ffff::1'],
} as const;

export const local = { 4: ['10.0.0.11', '10.0.0.12'], 6: ['fd00::11', 'fd00::12'] } as const;

/** Of other nodes. */
export const localOfOthers = { 4: ['10.0.0.31'], 6: ['fd00::31'] } as const;

export interface LabInterface {
  readonly name: string;
  readonly mac: string;
  readonly neighbourMac: string;
  readonly mtuBytes: number;
  /** ID of the VLAN of eth0 that this stands for. */
  readonly vlan?: number;
}

/** Of another node. */
export const foreignMac = '02:00:00:00:00:ff';

export const interfaces = [
  { name: 'eth0', mac: '02:00:00:00:00:b0', neighbourMac: '02:00:00:00:00:a0', mtuBytes: 1500 },
  { name: 'eth1', mac: '02:00:00:00:00:b1', neighbourMac: '02:00:00:00:00:a1', mtuBytes: 1400 },
  { name: 'vlan7', mac: '02:00:00:00:00:b7', neighbourMac: '02:00:00:00:00:a7', mtuBytes: 1480, vlan: 7 },
] as const satisfies readonly LabInterface[];

/** Networks behind each interface, and what of them does not answer. The rest has no route. */
export const routes = {
  eth0: ['10.0.0.0/24', '192.0.2.0/24', '203.0.113.0/24', 'fd00::/64', '2001:db8:c::/47'],
  eth1: ['10.1.0.0/24', 'fd00:1::/64'],
  vlan7: ['10.2.0.0/24', 'fd00:2::/64'],
} as const;
export const silent = ['10.0.0.250', 'fd00::250'] as const;
