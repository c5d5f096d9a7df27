import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { flowTimeout } from './flow-timeout-schema.js';
import { tableRows } from './table-rows-schema.js';

const timeouts = z.strictObject({
  tcpSyn: flowTimeout.describe('Before the handshake is complete.').prefault('60s'),
  tcp: flowTimeout.describe('Established; ipvsadm --set, first value.').prefault('15m'),
  tcpFin: flowTimeout.describe('After the first FIN; ipvsadm --set, second value.').prefault('2m'),
  tcpClose: flowTimeout.describe('After both FINs, or a RST.').prefault('10s'),
  udp: flowTimeout.describe('ipvsadm --set, third value.').prefault('5m'),
  other: flowTimeout.describe('SCTP, ESP and AH.').prefault('5m'),
  fragment: flowTimeout.describe('From the first fragment of a packet to its last.').prefault('15s'),
});

/** The section `dataplane`. */
export const dataplane = z.strictObject({
  engine: z
    .enum(['xdp', 'portable'])
    .describe('xdp: in the kernel; portable: in the daemon, where BPF is not allowed.')
    .default('xdp'),
  mode: z.enum(['auto', 'native', 'generic']).describe('auto: native XDP where the driver has it.').default('auto'),
  pinDirectory: absolutePath
    .describe('Where programs and tables are kept in the BPF file system; one node, one directory.')
    .default('/sys/fs/bpf/weir'),
  maxServices: z
    .int()
    .min(1)
    .max(65_535)
    .describe('Memory is taken at start: two tables of tableRows for each.')
    .default(64),
  maxBackends: z.int().min(1).max(32_767).describe('Sum over services.').default(4096),
  maxSecondChance: z
    .int()
    .min(0)
    .max(1024)
    .describe('Services with secondChance; a table takes 512 KiB, and two are kept.')
    .default(4),
  maxFlows: z.int().min(1024).max(67_108_864).describe('Flows that are remembered at once.').default(1_048_576),
  maxTranslatedFlows: z
    .int()
    .min(1024)
    .max(67_108_864)
    .describe(
      'Those of nat and fullnat among them; default: an eighth of maxFlows, but at least 65536 where those are as many.',
    )
    .optional(),
  tableRows: tableRows.describe('Rows of a table, a prime.').default(65_537),
  hashSeed: z
    .union([
      z.int('is not a whole number below 2^53; write a larger one as text, such as "0x1f"').min(0),
      z.string().regex(/^0x[0-9a-fA-F]{1,16}$/, 'is not a number of 64 bits, such as "0x1f"'),
    ])
    .describe('Seed of the flow hash; the same on all nodes.')
    .default(0),
  timeouts: timeouts.describe('After how long without a packet a flow is forgotten.').prefault({}),
});
