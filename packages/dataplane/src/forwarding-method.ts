/**
 * How packets travel from the node to a backend, under the names that users of IPVS know.
 *
 * | method | is |
 * |---|---|
 * | nat | destination rewritten; answers come back through this node, which rewrites their source |
 * | fullnat | source and destination rewritten, the source to a local address of this node |
 * | dr | only the MAC addresses rewritten: the backend is a neighbour and has the VIP itself |
 * | ipip | IP in IP: RFC 2003 (IPv4 in IPv4), RFC 2473 (in IPv6), RFC 4213 (IPv6 in IPv4) |
 * | gre | RFC 2784, no optional fields |
 * | gue | UDP to `port`; `header` gue: draft-ietf-intarea-gue-09, variant 0; none: the packet itself, as Linux' FOU has it; hops: with the members to try next, GLB's (its port: {@link GUE_HOPS_UDP_PORT} of packet) |
 */
export type ForwardingMethod =
  | { readonly method: 'nat' }
  /** `toa`: the client's address and port are told in a TCP option of the handshake's packets. */
  | { readonly method: 'fullnat'; readonly toa: boolean }
  | { readonly method: 'dr' }
  | { readonly method: 'ipip' }
  | { readonly method: 'gre' }
  | { readonly method: 'gue'; readonly port: number; readonly header: 'gue' | 'none' | 'hops' };

/** Does a packet's way depend on what this node remembers, so that both directions have to be rewritten alike? */
export function translatesAddresses({ method }: ForwardingMethod): boolean {
  return method === 'nat' || method === 'fullnat';
}
