#!/usr/bin/env node
import { exitCodeOf } from '@weir/daemon';
import { CommanderError } from 'commander';
import { ExitCode, exitCodes } from './exit-codes.js';
import { weirctl } from './weirctl.js';

// As in `weirctl ... | head`: who reads has had enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(ExitCode.ok);
});

try {
  await weirctl().parseAsync();
  process.exitCode = ExitCode.ok;
} catch (error) {
  if (error instanceof CommanderError) {
    // It has said already what is wrong with the command line.
    process.exitCode = error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  } else {
    process.stderr.write(`weirctl: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = exitCodeOf(error, exitCodes);
  }
}
