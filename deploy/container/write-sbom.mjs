/**
 * Writes the software bill of materials of the image that it runs in: of what npm says is in the tree those packages that are
 * there, and all Debian packages. CycloneDX 1.5, JSON.
 *
 *   node write-sbom.mjs NPM-SBOM OUTPUT
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const TREE = '/usr/lib/weir';
const [npmFile, output] = process.argv.slice(2);
const npmBom = JSON.parse(readFileSync(npmFile, 'utf8'));
const components = [...npmComponents(), runtime(), ...debianComponents()];
const references = new Set([npmBom.metadata.component, ...components].map((component) => component['bom-ref']));
const dependencies = npmBom.dependencies
  .filter(({ ref }) => references.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => references.has(other)) }));
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, `${JSON.stringify({ ...npmBom, components, dependencies }, null, 1)}\n`);

/** The packages of the tree as npm describes them. One that npm does not know must not be there. */
function npmComponents() {
  const known = new Map(
    npmBom.components.map((component) => [keyOf(fullName(component), component.version), component]),
  );
  const installed = new Map(manifestsBelow(TREE).map((manifest) => [keyOf(manifest.name, manifest.version), manifest]));
  return [...installed].map(([key, { name }]) => {
    const component = known.get(key);
    if (component !== undefined) return component;
    throw new Error(
      `${TREE} has the npm package ${key}, which ${npmFile} does not name (${name}): stage the tree anew`,
    );
  });
}

/** With its scope, which `name` is without. @see https://github.com/package-url/purl-spec, type npm */
function fullName({ purl }) {
  return decodeURIComponent(/^pkg:npm\/([^?]+)@/.exec(purl)[1]);
}

/** Packages of the project have the version that they are packaged as, which `--version` may have chosen. */
function keyOf(name, version) {
  return name.startsWith('@weir/') ? name : `${name}@${version}`;
}

/** package.json of each package in packages/ and in every node_modules. */
function manifestsBelow(tree) {
  return [...packageFolders(join(tree, 'packages')), ...packageFolders(join(tree, 'node_modules'))].map((folder) =>
    JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
  );
}

/** Links are packages that are met elsewhere. */
function packageFolders(folder) {
  return foldersIn(folder)
    .flatMap((name) => (name.startsWith('@') ? foldersIn(join(folder, name)).map((part) => join(name, part)) : [name]))
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) => [join(folder, name), ...packageFolders(join(folder, name, 'node_modules'))]);
}

function foldersIn(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Node.js itself. */
function runtime() {
  const { version } = process;
  const purl = `pkg:generic/node@${version.slice(1)}`;
  return { 'bom-ref': purl, type: 'application', name: 'node', version: version.slice(1), purl };
}

/** @see https://github.com/package-url/purl-spec, type deb */
function debianComponents() {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const format = '${db:Status-Abbrev}\t${Package}\t${Version}\t${Architecture}\t${source:Package}\n';
  return execFileSync('dpkg-query', ['--show', `--showformat=${format}`], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.split('\t'))
    .filter(([status]) => status.startsWith('ii'))
    .map(([, name, version, architecture, source]) => {
      const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${architecture}&distro=debian-12`;
      const properties = [{ name: 'debian:source', value: source }];
      return { 'bom-ref': purl, type: 'library', name, version, purl, properties };
    });
}
