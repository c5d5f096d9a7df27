import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { type AdminConfig, followFile } from '@weir/control';
import type { Logger } from '@weir/daemon';
import { WeirError } from '@weir/errors';

type Files = NonNullable<AdminConfig['tls']>;

/** Certificate, key and CA of the API, read again whenever one of the files changes. What is wrong is not taken. */
export class TlsFiles implements Disposable {
  readonly #logger: Logger;
  readonly #onChange: (options: SecureContextOptions) => void;
  #files: Files;
  #following: readonly Disposable[];
  #options: SecureContextOptions;

  /**
   * @param onChange  told what new connections are to be made with
   * @throws {WeirError} ADMIN_TLS_REFUSED naming the file and what is wrong
   */
  constructor(files: Files, logger: Logger, onChange: (options: SecureContextOptions) => void) {
    this.#logger = logger;
    this.#onChange = onChange;
    this.#files = files;
    this.#options = readTls(files);
    this.#following = this.#follow();
  }

  /** Those of the last files that were right. */
  get options(): SecureContextOptions {
    return this.#options;
  }

  /**
   * Other files from now on.
   * @throws {WeirError} ADMIN_TLS_REFUSED; the old ones stay then
   */
  use(files: Files): void {
    this.#take(readTls(files));
    this[Symbol.dispose]();
    this.#files = files;
    this.#following = this.#follow();
  }

  [Symbol.dispose](): void {
    for (const following of this.#following) following[Symbol.dispose]();
  }

  #follow(): readonly Disposable[] {
    return Object.values(this.#files).map((file: string) => followFile(file, () => this.#reload()));
  }

  #reload(): void {
    try {
      this.#take(readTls(this.#files));
    } catch (error) {
      // Certificate and key are two files: between their changes they do not fit.
      this.#logger.warn(
        { event: 'admin_tls_refused', err: error },
        `${(error as Error).message}; the former ones stay`,
      );
    }
  }

  #take(options: SecureContextOptions): void {
    if (['cert', 'key', 'ca'].every((key) => isSame(options, this.#options, key as 'cert' | 'key' | 'ca'))) return;
    this.#options = options;
    this.#onChange(options);
    this.#logger.info({ event: 'admin_tls_reloaded' }, 'new connections of the admin API use the changed certificates');
  }
}

function isSame(a: SecureContextOptions, b: SecureContextOptions, key: 'cert' | 'key' | 'ca'): boolean {
  return (a[key] as Buffer).equals(b[key] as Buffer);
}

function readTls(files: Files): SecureContextOptions {
  const options = {
    cert: read('certificate', files.certificate),
    key: read('key', files.key),
    ca: read('clientCa', files.clientCa),
  };
  try {
    createSecureContext(options);
    return options;
  } catch (cause) {
    const message = `admin.tls: ${Object.values(files).join(', ')}: ${(cause as Error).message}`;
    throw new WeirError('ADMIN_TLS_REFUSED', message, { cause, details: { ...files } });
  }
}

function read(name: keyof Files, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new WeirError('ADMIN_TLS_REFUSED', `admin.tls.${name}: ${path} can't be read: ${(cause as Error).message}`, {
      cause,
      details: { path },
    });
  }
}
