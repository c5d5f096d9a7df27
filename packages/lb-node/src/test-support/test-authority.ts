import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate with its key: paths and contents of PEM files. */
export interface TestCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly certificate: Buffer;
  readonly key: Buffer;
}

/** A certificate authority for a test, by openssl(1); its files go with it. */
export class TestAuthority implements AsyncDisposable {
  readonly directory: string;
  #count = 0;

  static async create(): Promise<TestAuthority> {
    const authority = new TestAuthority(await mkdtemp(join(tmpdir(), 'weir-ca-')));
    const { caFile, caKeyFile } = authority;
    await run('openssl', [
      ...['req', '-x509', ...KEY, '-keyout', caKeyFile, '-out', caFile, '-days', '2', '-subj', '/CN=test ca'],
    ]);
    return authority;
  }

  private constructor(directory: string) {
    this.directory = directory;
  }

  get caFile(): string {
    return join(this.directory, 'ca.pem');
  }

  get caKeyFile(): string {
    return join(this.directory, 'ca.key');
  }

  /**
   * @param commonName  of its subject
   * @param alternativeNames  as openssl has them: `DNS:lb1,IP:127.0.0.1`
   * @param isExpired  its time has passed
   */
  async issue(commonName: string, alternativeNames: string, isExpired = false): Promise<TestCertificate> {
    this.#count += 1;
    const path = (suffix: string) => join(this.directory, `${this.#count}.${suffix}`);
    const [certificateFile, keyFile, requestFile, extensionFile] = ['pem', 'key', 'csr', 'ext'].map(path) as [
      string,
      string,
      string,
      string,
    ];
    await run('openssl', [
      ...['req', '-new', ...KEY, '-keyout', keyFile, '-out', requestFile, '-subj', `/CN=${commonName}`],
    ]);
    await writeFile(extensionFile, `subjectAltName=${alternativeNames}\nextendedKeyUsage=serverAuth,clientAuth\n`);
    const time = ['-days', isExpired ? '-1' : '1'];
    await this.#sign({ requestFile, extensionFile, certificateFile, time });
    const [certificate, key] = await Promise.all([readFile(certificateFile), readFile(keyFile)]);
    return { certificateFile, keyFile, certificate, key };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #sign(files: {
    readonly requestFile: string;
    readonly extensionFile: string;
    readonly certificateFile: string;
    readonly time: readonly string[];
  }): Promise<void> {
    const { requestFile, extensionFile, certificateFile, time } = files;
    const serial = ['-set_serial', String(this.#count)];
    const authority = ['-CA', this.caFile, '-CAkey', this.caKeyFile, ...serial];
    const request = ['-in', requestFile, '-extfile', extensionFile];
    await run('openssl', ['x509', '-req', ...request, ...authority, ...time, '-out', certificateFile]);
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
