import { z } from 'zod';
import { endpoint } from './endpoint-schema.js';

/** No data plane has more of them. */
const BACKENDS_MAX = 32_767;

/** The section `metrics`. */
export const metrics = z.strictObject({
  listen: endpoint
    .describe('Where /metrics, /healthz and /readyz are served, without TLS or a password: an address of this node.')
    .prefault('127.0.0.1:9646'),
  backendsMax: z
    .int()
    .min(0)
    .max(BACKENDS_MAX)
    .describe('With more backends than these, sums over services, there are series of services and none of backends.')
    .default(10_000),
});
