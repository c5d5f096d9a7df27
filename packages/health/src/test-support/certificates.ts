import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestFn } from 'ava';

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
  /** PEM file of the certificate, which signed itself. */
  readonly file: string;
}

/** Makes a self-signed certificate for 127.0.0.1 and `web.test`; with 0 days it expires at once. Gone after the tests. */
export function makeCertificate(test: TestFn, days = 1): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'weir-certificate-'));
  test.after.always(() => rmSync(directory, { recursive: true }));
  const [key, file] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const names = ['-subj', '/CN=web.test', '-addext', 'subjectAltName=DNS:web.test,IP:127.0.0.1'];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', file], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(file), file };
}
