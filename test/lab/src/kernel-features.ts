import { execFileSync } from 'node:child_process';
import { findProgram } from './program.js';

/** Whether this kernel has interfaces for VLANs, tried in a network namespace of its own. */
export function hasVlanInterfaces(): boolean {
  const script = 'ip link set lo up && ip link add link lo name lo.1 type vlan id 1';
  try {
    execFileSync(findProgram('unshare'), ['--net', 'sh', '-c', script], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
