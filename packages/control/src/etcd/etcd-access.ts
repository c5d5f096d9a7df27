import { readFile } from 'node:fs/promises';
import type { EtcdConfig } from '../cluster-config.js';

/** What a client of etcd needs to know, besides where its members are. */
export type EtcdClientConfig = Pick<EtcdConfig, 'username' | 'password' | 'passwordFile' | 'tls' | 'timeoutMs'>;

/** What proves to etcd who this node is, and to the node that it is etcd: the files that the configuration names, read. */
export interface EtcdAccess {
  readonly login?: { readonly name: string; readonly password: string };
  /** PEM. Absent: plain text. */
  readonly tls?: { readonly ca?: Buffer; readonly certificate?: Buffer; readonly key?: Buffer };
}

/** Reads them anew, as they may have been renewed. @throws the error of readFile, which names the file */
export async function readEtcdAccess({ username, password, passwordFile, tls }: EtcdClientConfig): Promise<EtcdAccess> {
  const secret = passwordFile === undefined ? password : firstLine(await readFile(passwordFile, 'utf8'));
  return {
    ...(username === undefined || secret === undefined ? {} : { login: { name: username, password: secret } }),
    ...(tls === undefined ? {} : { tls: await readPemFiles(tls) }),
  };
}

async function readPemFiles({ ca, certificate, key }: NonNullable<EtcdConfig['tls']>) {
  return {
    ...(ca === undefined ? {} : { ca: await readFile(ca) }),
    ...(certificate === undefined ? {} : { certificate: await readFile(certificate) }),
    ...(key === undefined ? {} : { key: await readFile(key) }),
  };
}

function firstLine(text: string): string {
  return /^[^\r\n]*/.exec(text)?.[0] ?? '';
}
