import { z } from 'zod';
import { absolutePath } from './absolute-path-schema.js';
import { admin } from './admin-schema.js';
import { bgp } from './bgp-schema.js';
import { dataplane } from './dataplane-schema.js';
import { duration } from './duration.js';
import { etcd } from './etcd-schema.js';
import { ipv4, ipv6, routableAddress } from './ip-address-schema.js';
import { kubernetes } from './kubernetes/kubernetes-schema.js';
import { metrics } from './metrics-schema.js';
import { network } from './network-schema.js';
import { nodes } from './nodes-schema.js';
import { serviceSchema } from './service-schema.js';
import { state } from './state-schema.js';
import { vrrp } from './vrrp-schema.js';

const flowsPerSecond = z.int().min(0).max(4_294_967_295).default(0);

/**
 * The document weir.yaml as its author writes it, each value for itself; what is wrong between values that are each
 * right, contradictions() finds.
 */
export const nodeSchema = z
  .strictObject({
    node: z
      .strictObject({
        name: z.string().min(1).describe('Default: the host name.').optional(),
        interfaces: z
          .array(z.string().min(1).max(15))
          .min(1, 'names no interface')
          .describe('Where packets for VIPs arrive.'),
        address: ipv4.describe("Source of encapsulated packets; default: the kernel's choice.").optional(),
        address6: ipv6.describe('The same for packets to IPv6 backends.').optional(),
        localAddresses: z
          .array(routableAddress)
          .describe('fullnat: addresses of this node alone, that its packets to backends come from; up to 16 a family.')
          .default([]),
        state: z
          .enum(['active', 'draining'])
          .describe('draining: no VIP is announced, what still comes is forwarded.')
          .default('active'),
      })
      .describe('This machine.'),
    dataplane: dataplane.describe('How packets are forwarded, and how much room there is.').prefault({}),
    guard: z
      .strictObject({
        deny: z.array(network).describe('Networks whose packets are dropped; the longest prefix decides.').default([]),
        allow: z.array(network).describe('Exceptions from deny.').default([]),
        newFlowsPerSecond: flowsPerSecond.describe('Beyond it this node remembers no new flows; 0: no limit.'),
        newFlowsPerSource: flowsPerSecond.describe(
          "New flows a second of one source (/32, /64), beyond which they're dropped; 0: no limit.",
        ),
      })
      .describe('What keeps floods and unwanted sources from the services.')
      .prefault({}),
    bgp: bgp.describe('Without it, and without vrrp, nothing is announced.').optional(),
    vrrp: vrrp
      .describe('Where there is no router that speaks BGP: each VIP is held by one of the nodes, by VRRP.')
      .optional(),
    nodes: nodes
      .describe(
        'Of services that need state: a packet of a flow that another node knows goes there. Default: no others.',
      )
      .optional(),
    state: state
      .describe('Where long-lived flows are shared, so that another node can go on with them. Default: nowhere.')
      .optional(),
    etcd: etcd
      .describe('Where services, backends and settings of all nodes come from, beside this file. Default: nowhere.')
      .optional(),
    kubernetes: kubernetes
      .describe('Services of type LoadBalancer of a Kubernetes cluster are served too. Default: none are.')
      .optional(),
    metrics: metrics.describe('Figures of this node for Prometheus. Default: none are served.').optional(),
    admin: admin.describe('The API that weirctl uses.').prefault({}),
    runtimeDirectory: absolutePath
      .describe('For sockets, and what gobgpd and keepalived are given.')
      .default('/run/weir'),
    shutdown: z
      .strictObject({ drain: duration.describe('Time between withdrawal and exit.').prefault('5s') })
      .describe('What SIGTERM does.')
      .prefault({}),
    log: z
      .strictObject({
        level: z
          .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
          .describe('What is less is not written.')
          .default('info'),
        format: z
          .enum(['json', 'pretty'])
          .describe('json: an object a line; pretty: for people at a terminal.')
          .default('json'),
      })
      .describe('What the daemon writes to its standard output.')
      .prefault({}),
    services: z
      .array(serviceSchema)
      .describe('Beside those of etcd and kubernetes; without both it must be there.')
      .optional(),
  })
  .refine(({ services, etcd, kubernetes }) => [services, etcd, kubernetes].some((part) => part !== undefined), {
    path: ['services'],
    error: 'is missing',
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  });

/** What the schema makes of a document: defaults filled in, durations in ms. */
export type NodeDocument = z.output<typeof nodeSchema>;

/** The document as its author writes it. */
export type NodeInput = z.input<typeof nodeSchema>;
