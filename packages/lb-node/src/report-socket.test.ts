import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ReportSocket, readReport, reportSocketOf } from './report-socket.js';

test('a client that never closes its connection does not hold up the end', async (t) => {
  const runtimeDirectory = mkdtempSync(join(tmpdir(), 'weir-report-'));
  t.teardown(() => rmSync(runtimeDirectory, { recursive: true }));
  const socket = await ReportSocket.open({ runtimeDirectory }, 'health', () => ({ backends: [] }));
  t.deepEqual(await readReport({ runtimeDirectory }, 'health'), { backends: [] });
  const client = connect({ path: reportSocketOf({ runtimeDirectory }, 'health'), allowHalfOpen: true }).resume();
  t.teardown(() => client.destroy());
  await once(client, 'end');
  await socket[Symbol.asyncDispose]();
  t.is(await readReport({ runtimeDirectory }, 'health'), undefined);
});
