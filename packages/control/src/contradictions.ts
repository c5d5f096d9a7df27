import { adminContradictions } from './admin-contradictions.js';
import { backendContradictions } from './backend-contradictions.js';
import { bgpContradictions } from './bgp-contradictions.js';
import type { Contradiction, SoundParts } from './contradiction.js';
import { dataplaneContradictions } from './dataplane-contradictions.js';
import { etcdContradictions } from './etcd-contradictions.js';
import { healthContradictions } from './health-contradictions.js';
import { kubernetesContradictions } from './kubernetes/kubernetes-contradictions.js';
import { listenerContradictions } from './listener-contradictions.js';
import { localPoolsContradictions } from './local-pools-contradictions.js';
import { metricsContradictions } from './metrics-contradictions.js';
import { nodeContradictions } from './node-contradictions.js';
import { nodesContradictions } from './nodes-contradictions.js';
import { secondChanceContradictions } from './second-chance-contradictions.js';
import { serviceContradictions } from './service-contradictions.js';
import { stateContradictions } from './state-contradictions.js';
import { vrrpContradictions } from './vrrp-contradictions.js';

/** Every contradiction between the sound parts of a document. */
export function contradictions(parts: SoundParts): Contradiction[] {
  return [
    ...nodeContradictions(parts),
    ...dataplaneContradictions(parts),
    ...bgpContradictions(parts),
    ...vrrpContradictions(parts),
    ...nodesContradictions(parts),
    ...localPoolsContradictions(parts),
    ...stateContradictions(parts),
    ...etcdContradictions(parts),
    ...kubernetesContradictions(parts),
    ...metricsContradictions(parts),
    ...adminContradictions(parts),
    ...listenerContradictions(parts),
    ...serviceContradictions(parts),
    ...backendContradictions(parts),
    ...secondChanceContradictions(parts),
    ...healthContradictions(parts),
  ];
}
