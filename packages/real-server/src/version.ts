import { readFileSync } from 'node:fs';

const manifest = new URL('../package.json', import.meta.url);

/** Of the package that this is. */
export const VERSION = (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }).version;
