import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { WeirError } from '@weir/errors';
import { canonicalAddress, isIpAddress } from '@weir/packet';

/** What an operator wants of a VIP whatever its health. A VIP without one is left to the node: `auto`. */
export type AnnounceOverride = 'on' | 'off';

/** By VIP, in canonical text. */
export type AnnounceOverrides = ReadonlyMap<string, AnnounceOverride>;

const EXAMPLE = 'a JSON object such as {"198.51.100.10": "off"}';

/**
 * Overrides as they are kept in a file; none where there is no file.
 * @throws {WeirError} OVERRIDES_INVALID naming the file, the entry and what would be right
 */
export function readOverrides(file: string): AnnounceOverrides {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw invalid(file, `can't be read: ${(cause as Error).message}`, cause);
  }
  return parseOverrides(text, file);
}

/**
 * Puts overrides in place of those in the file, whole or not at all, so that a power failure leaves one or the other.
 * @throws {WeirError} OVERRIDES_UNWRITABLE
 */
export function writeOverrides(file: string, overrides: AnnounceOverrides): void {
  const fresh = `${file}.${process.pid}`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    const handle = openSync(fresh, 'w', 0o644);
    try {
      writeSync(handle, `${JSON.stringify(Object.fromEntries(overrides), undefined, 2)}\n`);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(fresh, file);
  } catch (cause) {
    if (existsSync(fresh)) rmSync(fresh);
    throw new WeirError('OVERRIDES_UNWRITABLE', `${file} can't be written: ${(cause as Error).message}`, {
      cause,
      details: { file },
    });
  }
}

function parseOverrides(text: string, file: string): AnnounceOverrides {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, `is not JSON (${(cause as Error).message}); expected ${EXAMPLE}`, cause);
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw invalid(file, `has ${JSON.stringify(document)}; expected ${EXAMPLE}`);
  }
  return new Map(
    Object.entries(document).map(([vip, override]) => {
      if (!isIpAddress(vip)) throw invalid(file, `"${vip}" is not an IP address; expected ${EXAMPLE}`);
      if (!isOverride(override)) throw invalid(file, `${vip} is ${JSON.stringify(override)}; expected "on" or "off"`);
      return [canonicalAddress(vip), override];
    }),
  );
}

function isOverride(value: unknown): value is AnnounceOverride {
  return value === 'on' || value === 'off';
}

function invalid(file: string, problem: string, cause?: unknown): WeirError {
  return new WeirError('OVERRIDES_INVALID', `overrides of announcements, ${file}: ${problem}`, {
    cause,
    details: { file },
  });
}
