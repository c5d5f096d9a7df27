/** What a service may be of, beside IP. */
export const transportProtocols = ['tcp', 'udp', 'sctp', 'esp', 'ah'] as const;

export type TransportProtocol = (typeof transportProtocols)[number];
