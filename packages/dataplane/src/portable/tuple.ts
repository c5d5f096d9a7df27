/** What a packet is told apart by. Addresses have 4 or 16 bytes in network order; ports are 0 where there are none. */
export interface Tuple {
  readonly protocol: number;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
}

export interface Endpoint {
  readonly address: Uint8Array;
  readonly port: number;
}

export function tupleBetween(protocol: number, from: Endpoint, to: Endpoint): Tuple {
  return {
    protocol,
    source: from.address,
    sourcePort: from.port,
    destination: to.address,
    destinationPort: to.port,
  };
}

/** As the receiver would answer. */
export function reversedTuple({ protocol, source, sourcePort, destination, destinationPort }: Tuple): Tuple {
  return {
    protocol,
    source: destination,
    sourcePort: destinationPort,
    destination: source,
    destinationPort: sourcePort,
  };
}

/** The same tuple gives the same text, and no other does. */
export function tupleText({ protocol, source, sourcePort, destination, destinationPort }: Tuple): string {
  return `${protocol} ${addressText(source)} ${sourcePort} ${addressText(destination)} ${destinationPort}`;
}

/** One text an address, quicker than the one for people. */
export function addressText(address: Uint8Array): string {
  return Buffer.from(address.buffer, address.byteOffset, address.byteLength).toString('hex');
}
