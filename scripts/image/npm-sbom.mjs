import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';

/**
 * Writes npm's bill of materials (CycloneDX) of all that the lock file has. Which of it an image has, the image knows.
 */
export function writeNpmSbom(file, { version, epochSeconds }) {
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx'];
  const bom = JSON.parse(execFileSync('npm', args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 26 }));
  // npm makes both up anew each time; the same commit shall give the same image.
  bom.serialNumber = `urn:uuid:${uuidOf(JSON.stringify([version, bom.components]))}`;
  bom.metadata.timestamp = new Date(epochSeconds * 1000).toISOString();
  bom.metadata.component.version = version;
  writeFileSync(file, `${JSON.stringify(bom)}\n`);
}

/** A UUID of version 8, whose bits are the maker's own (RFC 9562 §5.8): those of a hash. */
function uuidOf(text) {
  const hex = createHash('sha256').update(text).digest('hex');
  const variant = ((Number.parseInt(hex[16], 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    variant + hex.slice(17, 20),
    hex.slice(20, 32),
  ].join('-');
}
