import { z } from 'zod';

/** Where something listens. */
export interface Endpoint {
  /** Name, IPv4 address, or IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

const PATTERN = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/;

/** `127.0.0.1:50051`, `[::1]:50051`, `name:50051`, as text. */
export const endpointText = z
  .string()
  .refine((text) => parsedEndpoint(text) !== undefined, 'is not an address with a port, such as 127.0.0.1:50051');

/** The same in its parts. */
export const endpoint = endpointText.transform((text) => parsedEndpoint(text) as Endpoint);

/** Undefined: it is none. */
export function parsedEndpoint(text: string): Endpoint | undefined {
  const [, ipv6, name, digits] = PATTERN.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
