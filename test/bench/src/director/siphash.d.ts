declare module 'siphash' {
  /** SipHash-2-4; the key's four words are read as little-endian numbers. */
  export function hash(key: Uint32Array, message: Uint8Array): { readonly h: number; readonly l: number };
}
