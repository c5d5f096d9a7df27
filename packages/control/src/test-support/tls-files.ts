import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Paths of PEM files: an authority, and a certificate that it signed for one address, for servers and clients. */
export interface TlsFiles {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** Makes them by openssl(1), good for a day. @param address  what the certificate is for */
export async function makeTlsFiles(directory: string, address = '127.0.0.1'): Promise<TlsFiles> {
  const path = (name: string) => join(directory, name);
  const elliptic = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const files = { ca: path('ca.pem'), certificate: path('member.pem'), key: path('member.key') };
  await run('openssl', [
    'req',
    '-x509',
    ...elliptic,
    '-keyout',
    path('ca.key'),
    '-out',
    files.ca,
    '-days',
    '1',
    '-subj',
    '/CN=ca',
  ]);
  await run('openssl', [
    'req',
    '-new',
    ...elliptic,
    '-keyout',
    files.key,
    '-out',
    path('member.csr'),
    '-subj',
    '/CN=member',
  ]);
  await writeFile(
    path('extensions'),
    `subjectAltName=IP:${address},DNS:member\nextendedKeyUsage=serverAuth,clientAuth\n`,
  );
  const authority = ['-CA', files.ca, '-CAkey', path('ca.key'), '-CAcreateserial', '-days', '1'];
  const signing = ['x509', '-req', '-in', path('member.csr'), '-extfile', path('extensions')];
  await run('openssl', [...signing, ...authority, '-out', files.certificate]);
  return files;
}
