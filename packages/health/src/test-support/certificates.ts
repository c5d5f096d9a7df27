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

/** Makes a self-signed certificate for 127.0.0.1 and `web.test`; one of -1 days has expired. Gone after the tests. */
export function makeCertificate(test: TestFn, days = 1): Certificate {
  const directory = mkdtempSync(join(tmpdir(), 'weir-certificate-'));
  test.after.always(() => rmSync(directory, { recursive: true }));
  const [key, file] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { stdio: 'ignore' });
  const request = join(directory, 'request.pem');
  const names = '-subj /CN=web.test -addext subjectAltName=DNS:web.test,IP:127.0.0.1';
  openssl(`req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ${names} -keyout ${key} -out ${request}`);
  openssl(`x509 -req -in ${request} -signkey ${key} -copy_extensions copy -days ${days} -out ${file}`);
  return { key: readFileSync(key), cert: readFileSync(file), file };
}
