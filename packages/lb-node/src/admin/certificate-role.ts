import type { PeerCertificate } from 'node:tls';
import type { AdminRoleConfig } from '@weir/control';
import type { Role } from './caller.js';

/** What a certificate says of whom it was given to. */
export interface CertificateNames {
  /** Common names of its subject. */
  readonly commonNames: readonly string[];
  /** Subject alternative names with their kind: `DNS:lb1.example`, `email:alice@example`, `URI:spiffe://example/weir`. */
  readonly alternativeNames: readonly string[];
}

/** `DNS:a, URI:"with, comma"`: values that hold a separator are quoted as JSON. */
const ALTERNATIVE_NAME = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/gy;

export function namesOf({
  subject,
  subjectaltname,
}: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): CertificateNames {
  // Several common names come as a list, which the declaration of Node.js does not know.
  const commonNames = [(subject?.CN ?? []) as string | readonly string[]].flat();
  const alternativeNames = [...(subjectaltname ?? '').matchAll(ALTERNATIVE_NAME)].map(
    ([, kind, value = '']) => `${kind}:${value.startsWith('"') ? JSON.parse(value) : value}`,
  );
  return { commonNames, alternativeNames };
}

/** The role of the first entry that matches; undefined: none does. */
export function roleOf(names: CertificateNames, roles: readonly AdminRoleConfig[]): Role | undefined {
  return roles.find(({ of, pattern }) => {
    const matches = patternOf(pattern);
    return (of === 'subject' ? names.commonNames : names.alternativeNames).some((name) => matches.test(name));
  })?.role;
}

/** `*` stands for text without what divides names, so that `*.ops.example` is not `x.evil.ops.example`. */
function patternOf(pattern: string): RegExp {
  const escaped = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}/]/g, '\\$&'));
  return new RegExp(`^${escaped.join('[^./@]*')}$`);
}
