import { readFile } from 'node:fs/promises';
import { ConfigError } from './config-error.js';
import type { RedisConfig, TlsConfig } from './state-config.js';

/** What of {@link RedisConfig} stands in files, read. */
export interface RedisAccess {
  readonly password?: string;
  readonly sentinelPassword?: string;
  readonly tls?: {
    readonly ca?: string;
    readonly certificate?: string;
    readonly key?: string;
    readonly serverName?: string;
  };
}

/**
 * Reads passwords and certificates that the configuration only names.
 * @throws {ConfigError} CONFIG_UNREADABLE: a file can't be read, or has no password in its first line
 */
export async function redisAccess(redis: RedisConfig): Promise<RedisAccess> {
  const [password, sentinelPassword, tls] = await Promise.all([
    secretOf('passwordFile', redis.passwordFile, redis.password),
    secretOf('sentinelPasswordFile', redis.sentinelPasswordFile, redis.sentinelPassword),
    redis.tls === undefined ? undefined : tlsAccess(redis.tls),
  ]);
  return {
    ...(password === undefined ? {} : { password }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
    ...(tls === undefined ? {} : { tls }),
  };
}

async function secretOf(key: string, file: string | undefined, given: string | undefined): Promise<string | undefined> {
  if (file === undefined) return given;
  const [line = ''] = (await read(key, file)).split(/\r?\n/, 1);
  if (line === '') throw unreadable(key, file, 'its first line should be the password and is empty');
  return line;
}

async function tlsAccess({ serverName, ...files }: TlsConfig): Promise<NonNullable<RedisAccess['tls']>> {
  const texts = await Promise.all(
    Object.entries(files).map(async ([key, file]) => [key, await read(`tls.${key}`, file)] as const),
  );
  return { ...Object.fromEntries(texts), ...(serverName === undefined ? {} : { serverName }) };
}

async function read(key: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw unreadable(key, file, (cause as Error).message, cause);
  }
}

function unreadable(key: string, file: string, reason: string, cause?: unknown): ConfigError {
  const message = `state.redis.${key}: ${file} can't be used: ${reason}; give a file that lb-node may read`;
  return new ConfigError('CONFIG_UNREADABLE', message, { cause, details: { file } });
}
