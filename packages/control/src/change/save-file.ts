import { lstat, open, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { InvalidConfigError } from '../config-error.js';
import type { NodeInput } from '../node-schema.js';
import { parseWrittenNode, type WrittenNode } from '../parse-node-config.js';
import type { ServiceInput } from '../service-schema.js';
import { ChangeError } from './change-error.js';
import { editYaml } from './edit-yaml.js';
import { problemsOfService } from './entry-problems.js';
import { withEnvironmentReferences } from './environment-references.js';
import { serviceOf } from './running-document.js';

/** One service of weir.yaml as it is to be. */
export interface ServiceToSave {
  readonly name: string;
  /** Undefined: it goes. */
  readonly value: ServiceInput | undefined;
}

/**
 * weir.yaml with a changed service, checked as a whole; nothing is written. Where the file was changed since it was read, it goes
 * by what the file says now, as long as that says the same of this service. `${env:NAME}` stays in it.
 * @param known  as it was read last
 * @throws {ChangeError} CHANGE_NOT_SAVED
 * @throws {InvalidConfigError} paths begin at the service
 */
export async function planSave(path: string, known: WrittenNode, service: ServiceToSave): Promise<WrittenNode> {
  const current = await readCurrent(path, known);
  if (!isDeepStrictEqual(serviceOf(current, service.name), serviceOf(known, service.name))) {
    throw notSaved(
      path,
      `says something else of service ${service.name} since it was read; reload, and try again from there`,
    );
  }
  const text = editYaml(current.text, withService(current, service));
  try {
    return parseWrittenNode(text, path);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    throw problemsOfService(
      error.problems,
      spliced(current.written.services, placeOf(current, service.name), service.value).map(({ name }) => name),
      service.name,
    );
  }
}

/**
 * Writes it whole or not at all: beside the file first, and to the disk before it takes its place. Owner and mode stay.
 * @throws {ChangeError} CHANGE_NOT_SAVED
 */
export async function saveFile(path: string, text: string): Promise<void> {
  try {
    const file = await realpath(path);
    const { mode, uid, gid } = await lstat(file);
    const temporary = `${file}.new`;
    try {
      {
        await using handle = await open(temporary, 'w', 0o600);
        await handle.writeFile(text);
        await handle.chown(uid, gid);
        await handle.chmod(mode & 0o7777);
        await handle.sync();
      }
      await rename(temporary, file);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
  } catch (cause) {
    throw notSaved(path, `can't be written: ${(cause as Error).message}; nothing was changed`, cause);
  }
}

async function readCurrent(path: string, known: WrittenNode): Promise<WrittenNode> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw notSaved(path, `can't be read: ${(cause as Error).message}; nothing was changed`, cause);
  }
  if (text === known.text) return known;
  try {
    return parseWrittenNode(text, path);
  } catch (cause) {
    throw notSaved(path, `was changed, and is wrong now: ${(cause as Error).message}`, cause);
  }
}

/** With `${env:NAME}` as it stands in the file. */
function withService(file: WrittenNode, { name, value }: ServiceToSave): NodeInput {
  const { asItStands } = file;
  const at = placeOf(file, name);
  const saved = withEnvironmentReferences(value, serviceOf(file, name), asItStands.services?.[at]);
  return { ...asItStands, services: spliced(asItStands.services, at, saved as ServiceInput | undefined) };
}

/** Of a service in weir.yaml, by the name it has: that may come from the environment. */
function placeOf({ written }: WrittenNode, service: string): number {
  return (written.services ?? []).findIndex(({ name }) => name === service);
}

/** Services with one in its place, or as the last where it has none; undefined: without it. */
function spliced(services: readonly ServiceInput[] = [], at: number, service: ServiceInput | undefined) {
  const entries = service === undefined ? [] : [service];
  return at === -1 ? [...services, ...entries] : services.toSpliced(at, 1, ...entries);
}

function notSaved(path: string, what: string, cause?: unknown): ChangeError {
  return new ChangeError('CHANGE_NOT_SAVED', `${path} ${what}`, { cause });
}
