import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { replaceFile } from '../replace-file.js';
import { refused } from './ipvsadm-error.js';
import { nothingRemembered, type Remembered, type RememberedStore } from './remembered.js';

/** Keeps it in a file of the node's runtime directory: like the kernel's table, it is gone after a restart of the machine. */
export function rememberedFile(file: string): RememberedStore {
  return {
    async read() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      return text === undefined ? nothingRemembered : parse(text, file);
    },
    async write(remembered) {
      if (remembered.pending.length === 0 && Object.keys(remembered.zeroed).length === 0) {
        await rm(file, { force: true });
        return;
      }
      await mkdir(dirname(file), { recursive: true });
      await replaceFile(file, Buffer.from(`${JSON.stringify(remembered)}\n`));
    },
  };
}

function parse(text: string, file: string): Remembered {
  try {
    return { ...nothingRemembered, ...(JSON.parse(text) as Partial<Remembered>) };
  } catch (cause) {
    return refused(`${file} is not what weirctl ipvsadm wrote (${(cause as Error).message}); remove it`);
  }
}
