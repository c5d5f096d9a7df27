/**
 * Fills a folder with what the image has of Weir: `weir`, the tree that packages have too, and `npm.cdx.json`, npm's bill of
 * materials. For the stage `tree` of deploy/container/Dockerfile.
 *
 *   node scripts/image/stage-context.mjs FOLDER [VERSION]
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { normalize, stageProductionTree } from '../package/production-tree.mjs';
import { readRelease } from '../package/release.mjs';
import { writeNpmSbom } from './npm-sbom.mjs';

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [folder, version] = process.argv.slice(2);
  const target = resolve(folder);
  process.chdir(new URL('../..', import.meta.url).pathname);
  stageContext(target, readRelease(version));
}

export function stageContext(folder, release) {
  const tree = join(folder, 'weir');
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  stageProductionTree(tree, release);
  normalize(tree, release.epochSeconds);
  writeNpmSbom(join(folder, 'npm.cdx.json'), release);
}
