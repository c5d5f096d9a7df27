import { createCipheriv } from 'node:crypto';
import { type FileHandle, open, rename, stat } from 'node:fs/promises';

/** 100 MiB. */
export const BULK_FILE_BYTES = 100 * 1024 * 1024;
/** SHA-256 of the bulk file, in hexadecimal. */
export const BULK_FILE_SHA256 = 'c8c4675ef9e9f9303c95fc89a1b720beff9dcdfe37de9631b1f9ff9deab4483d';

const CHUNK_BYTES = 1024 * 1024;

/**
 * Writes a file that is the same everywhere and has no pattern that a lost, doubled or swapped packet could hide in: the
 * AES-128-CTR key stream of the zero key and counter. One that is there already is taken.
 */
export async function writeBulkFile(path: string): Promise<void> {
  const present = await stat(path).catch(() => undefined);
  if (present?.size === BULK_FILE_BYTES) return;
  // Several servers of a lab may ask at the same time; each writes its own and the last rename wins.
  const unfinished = `${path}.${process.hrtime.bigint()}`;
  const file = await open(unfinished, 'wx', 0o644);
  try {
    await writeKeyStream(file);
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

async function writeKeyStream(file: FileHandle): Promise<void> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  for (let written = 0; written < BULK_FILE_BYTES; written += CHUNK_BYTES) await file.write(cipher.update(zeros));
}
