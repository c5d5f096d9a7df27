import { z } from 'zod';
import { absolutePath } from '../absolute-path-schema.js';
import { durationUpTo } from '../duration.js';
import { serviceMethod, serviceScheduler, serviceToa } from '../service-schema.js';
import { parseAddressRange } from './address-range.js';

const LEASE_MIN_MS = 3000;

/** A name as Kubernetes has them: a DNS label. */
const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is not a name of Kubernetes: lower-case letters, digits, and -');

const addresses = z.string().superRefine((text, context) => {
  try {
    parseAddressRange(text);
  } catch (error) {
    context.addIssue((error as Error).message);
  }
});

const pool = z.strictObject({
  name: label.describe('What the annotation weir.io/pool asks for.'),
  addresses: z
    .array(addresses)
    .min(1, 'has no address')
    .describe('Networks and ranges of either family, such as 198.51.100.0/24 and 2001:db8::10-2001:db8::20.'),
  autoAssign: z.boolean().describe('false: only for Services that ask for the pool or its addresses.').default(true),
});

/** The section `kubernetes`. */
export const kubernetes = z.strictObject({
  kubeconfig: absolutePath.describe("Default: the account of the pod's own, where this node is one.").optional(),
  context: z.string().min(1).describe('Of the kubeconfig; default: its current one.').optional(),
  loadBalancerClass: z
    .string()
    .regex(
      /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
      'is not a class such as weir.io/weir',
    )
    .describe('Services with this spec.loadBalancerClass are served, and no others.')
    .default('weir.io/weir'),
  namespaces: z.array(label).max(64, 'are more than 64').describe('Whose Services are served; []: of all.').default([]),
  pools: z.array(pool).min(1, 'has no pool').describe('Where the addresses of Services come from, in this order.'),
  defaults: z
    .strictObject({
      method: serviceMethod
        .describe('nat and fullnat reach pods as they are; the others need the agent there.')
        .default('fullnat'),
      scheduler: serviceScheduler,
      toa: serviceToa,
    })
    .describe('Of Services whose annotations do not say otherwise.')
    .prefault({}),
  lease: z
    .strictObject({
      name: label.describe('The same for all nodes of a cluster.').default('weir'),
      namespace: label.describe('Default: that of the account or the context, or default.').optional(),
      duration: durationUpTo(3_600_000, '1h')
        .refine((ms) => ms >= LEASE_MIN_MS && ms % 1000 === 0, 'is not a whole number of seconds from 3s')
        .describe('So long after the writer was last heard of, another node takes over.')
        .prefault('15s'),
    })
    .describe('The Lease whose holder, one node at a time, assigns addresses.')
    .prefault({}),
  snapshotFile: absolutePath
    .describe('Where the last good state is kept, for a start without the API server.')
    .default('/var/lib/weir/kubernetes.snapshot'),
});
