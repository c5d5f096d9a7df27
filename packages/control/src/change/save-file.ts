import { lstat, open, readFile, realpath, rename, unlink } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { InvalidConfigError } from '../config-error.js';
import type { NodeInput } from '../node-schema.js';
import { parseWrittenNode, type WrittenNode } from '../parse-node-config.js';
import type { ServiceInput } from '../service-schema.js';
import { ChangeError } from './change-error.js';
import { editYaml } from './edit-yaml.js';
import { problemsOfService } from './entry-problems.js';
import { serviceOf } from './running-document.js';

/** One service of weir.yaml as it is to be. */
export interface ServiceToSave {
  readonly name: string;
  /** Undefined: it goes. */
  readonly value: ServiceInput | undefined;
}

/**
 * weir.yaml with a changed service, checked as a whole; nothing is written. Where the file was changed since it was read, it goes
 * by what the file says now, as long as that says the same of this service.
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
  const wanted = withService(current.written, service);
  const text = editYaml(current.text, wanted);
  try {
    return parseWrittenNode(text, path);
  } catch (error) {
    if (!(error instanceof InvalidConfigError)) throw error;
    throw problemsOfService(
      error.problems,
      (wanted.services ?? []).map(({ name }) => name),
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

function withService(written: NodeInput, { name, value }: ServiceToSave): NodeInput {
  const services = written.services ?? [];
  const at = services.findIndex((service) => service.name === name);
  const place = at === -1 ? services.length : at;
  return {
    ...written,
    services: services.toSpliced(place, at === -1 ? 0 : 1, ...(value === undefined ? [] : [value])),
  };
}

function notSaved(path: string, what: string, cause?: unknown): ChangeError {
  return new ChangeError('CHANGE_NOT_SAVED', `${path} ${what}`, { cause });
}
