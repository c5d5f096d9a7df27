import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes SHA256SUMS of the packages in `folder`, for `sha256sum --check`. */
export function writeChecksums(folder) {
  const names = readdirSync(folder).filter((name) => /^weir.*\.(deb|tar\.gz)$/.test(name));
  const lines = names.sort().map((name) => {
    const digest = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
    return `${digest}  ${name}\n`;
  });
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
}
