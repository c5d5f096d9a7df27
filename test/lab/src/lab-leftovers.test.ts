import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { Lab } from './lab.js';
import { namespaceNames, processesIn } from './namespace-process.js';
import { testAsRoot } from './needs-root.js';
import { pair } from './pair-topology.fixture.js';

const HOLDER = fileURLToPath(new URL('./lab-holder.fixture.js', import.meta.url));

const leavesNothing = test.macro(async (t, how: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'throw' | 'exit') => {
  const { holder, id } = await hold(how);
  const end = once(holder, 'exit');
  if (how.startsWith('SIG')) holder.kill(how as NodeJS.Signals);
  const [code, signal] = await end;
  t.deepEqual([code, signal], { throw: [1, null], exit: [7, null] }[how as string] ?? [null, how]);
  t.deepEqual(namespacesOf(id), []);
  t.deepEqual(processesStartedIn(`/run/weir-lab/${id}`), []);
  t.false(existsSync(`/run/weir-lab/${id}`));
});

testAsRoot('a lab goes when its process is interrupted, which then ends by SIGINT', leavesNothing, 'SIGINT');
testAsRoot('a lab goes when its process is told to end, which then ends by SIGTERM', leavesNothing, 'SIGTERM');
testAsRoot('a lab goes when the terminal of its process is closed', leavesNothing, 'SIGHUP');
testAsRoot('a lab goes when its process fails by an error that nobody catches', leavesNothing, 'throw');
testAsRoot('a lab goes when its process exits without disposal', leavesNothing, 'exit');

testAsRoot('what a killed process left is removed when the next lab starts, processes included', async (t) => {
  const { holder, id } = await hold('wait');
  const end = once(holder, 'exit');
  holder.kill('SIGKILL');
  await end;
  // What is left now cannot be counted: a lab that any other process starts may remove it first.
  await using next = await Lab.start(pair);
  t.deepEqual(namespacesOf(id), []);
  t.deepEqual(processesStartedIn(`/run/weir-lab/${id}`), []);
  t.false(existsSync(`/run/weir-lab/${id}`));
  t.is(namespacesOf(next.id).length, 3);
});

testAsRoot('a lab that starts leaves the lab of another process that runs alone', async (t) => {
  const { holder, id } = await hold('wait');
  await using other = await Lab.start(pair);
  t.is(namespacesOf(id).length, 3);
  t.is(processesIn(namespacesOf(id)).length, 2);
  t.not(other.id, id);
  const end = once(holder, 'exit');
  holder.kill('SIGTERM');
  await end;
  t.is(namespacesOf(other.id).length, 3);
});

async function hold(how: string): Promise<{ holder: ChildProcess; id: string }> {
  const holder = spawn(process.execPath, [HOLDER, how], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [id] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
  return { holder, id };
}

/** Processes of a lab work in its directory, which says whose they are even when the directory is gone. */
function processesStartedIn(directory: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readlinkSync(`/proc/${entry}/cwd`).startsWith(directory);
    } catch {
      return false;
    }
  });
}

function namespacesOf(id: string): string[] {
  return namespaceNames().filter((name) => name.startsWith(`weir-${id}-`));
}
