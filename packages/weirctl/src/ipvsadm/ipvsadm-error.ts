import { WeirError } from '@weir/errors';

/** What `weirctl ipvsadm` can't do; messages begin with ipvsadm's own text where it has one, and name the argument. */
export class IpvsadmError extends WeirError {
  declare readonly code: /** ipvsadm's exit code 2: the arguments are wrong. */
    | 'IPVSADM_USAGE'
    /** The arguments are right, and what they ask for can't be done. */
    | 'IPVSADM_REFUSED';
}

/** @throws {IpvsadmError} IPVSADM_USAGE */
export function wrongUsage(message: string): never {
  throw new IpvsadmError('IPVSADM_USAGE', message);
}

/** @throws {IpvsadmError} IPVSADM_REFUSED */
export function refused(message: string): never {
  throw new IpvsadmError('IPVSADM_REFUSED', message);
}
