export { AddressError, addressToBytes, bytesToAddress, canonicalAddress, familyOf, isIpAddress } from './ip-address.js';
