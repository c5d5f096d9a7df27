/** What a service may be of, beside IP. */
export type TransportProtocol = 'tcp' | 'udp' | 'sctp' | 'esp' | 'ah';
