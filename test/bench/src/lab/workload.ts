import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LabHost } from '@weir/lab';
import { parseWrkReport, type WrkReport } from './wrk-report.js';

/** How much a request asks for: the page that says who answers (a line), or what a page or an API's answer typically has. */
export const responseSizes = ['tiny', '8KiB'] as const;
export type ResponseSize = (typeof responseSizes)[number];

/** What the client does. */
export interface Workload {
  readonly name: string;
  /** Of the URL. */
  readonly path: string;
  readonly arguments: readonly string[];
}

/** 64 connections are enough to keep two CPUs busy, and few enough that none waits in a queue for long. */
const CONNECTIONS = 64;

/** wrk takes so long to end at most, after the time that it was given. */
const GRACE_MS = 30_000;

/** Content of the file that is served under its path below /bulk/; the tiny response is nginx' own page. */
const files = { tiny: undefined, '8KiB': { path: '/bulk/8KiB', bytes: 8192 } } as const;

/** Keep-alive with each size, and one connection per request with the first: there the size matters little. */
export function workloadsFor(responses: readonly ResponseSize[]): Workload[] {
  const of = (name: string, response: ResponseSize, args: readonly string[]) => ({
    name: `${name}, ${response}`,
    path: files[response]?.path ?? '/',
    arguments: args,
  });
  return [
    ...responses.map((response) => of('keep-alive', response, [])),
    ...responses.slice(0, 1).map((response) => of('one connection per request', response, ['-H', 'Connection: close'])),
  ];
}

/** Puts the files of all sizes where the nginx of a lab serves files from; all backends of a lab have them in common. */
export async function writeResponses(host: LabHost): Promise<void> {
  for (const file of Object.values(files)) {
    if (file === undefined) continue;
    const path = join(host.directory, 'www', file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, new Uint8Array(file.bytes).fill(0x2e));
  }
}

/** Loads a URL with wrk from a host. */
export async function runWrk(client: LabHost, url: string, workload: Workload, seconds: number): Promise<WrkReport> {
  const target = new URL(workload.path, url).href;
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...workload.arguments, target];
  return parseWrkReport(await client.output('wrk', args, { timeoutMs: seconds * 1000 + GRACE_MS }));
}
