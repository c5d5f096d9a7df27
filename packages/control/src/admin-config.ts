import { join } from 'node:path';
import type { z } from 'zod';
import type { admin } from './admin-schema.js';
import type { Endpoint } from './endpoint-schema.js';

type AdminDocument = z.output<typeof admin>;

/** Which certificates have a role. */
export interface AdminRoleConfig {
  /** What `pattern` is compared with: the common name, or any of the subject alternative names (`DNS:lb1.example`). */
  readonly of: 'subject' | 'san';
  /** `*` stands for any text without `.`, `/` and `@`. */
  readonly pattern: string;
  readonly role: 'viewer' | 'operator' | 'admin';
}

/** Where the admin API is served, and to whom. */
export interface AdminConfig {
  /** Absent: off. */
  readonly socket?: {
    /** Absolute. */
    readonly path: string;
    readonly mode: number;
    /** Name or number. */
    readonly group?: string;
  };
  readonly listen: readonly Endpoint[];
  /** Paths of PEM files; there where {@link listen} has an address. */
  readonly tls?: { readonly certificate: string; readonly key: string; readonly clientCa: string };
  /** In the order in which they are tried. */
  readonly roles: readonly AdminRoleConfig[];
  /** Absolute path. */
  readonly auditLog?: string;
}

/** @param runtimeDirectory  where the socket is unless the document says otherwise */
export function adminConfigOf(document: AdminDocument, runtimeDirectory: string): AdminConfig {
  const {
    socket = join(runtimeDirectory, 'admin.sock'),
    socketMode,
    socketGroup,
    listen,
    tls,
    roles,
    auditLog,
  } = document;
  return {
    ...(socket === 'off'
      ? {}
      : {
          socket: {
            path: socket,
            mode: Number.parseInt(socketMode, 8),
            ...(socketGroup === undefined ? {} : { group: socketGroup }),
          },
        }),
    listen,
    ...(tls === undefined ? {} : { tls }),
    roles: roles.map(({ subject, san, role }) => ({
      of: subject === undefined ? 'san' : 'subject',
      pattern: (subject ?? san) as string,
      role,
    })),
    ...(auditLog === undefined ? {} : { auditLog }),
  };
}
