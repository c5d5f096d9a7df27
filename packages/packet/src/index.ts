export { flowHash, type HashedFlow, mix, rowOf } from './flow-hash.js';
export { AddressError, addressToBytes, bytesToAddress, canonicalAddress, familyOf, isIpAddress } from './ip-address.js';
