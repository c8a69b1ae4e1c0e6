#!/usr/bin/env node
import { Command } from 'commander';
import { Exit } from './failure.js';
import { addRunCommand } from './run.js';
import { addTuneCommand } from './tune.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read this has seen enough, as `head` has; the work is done all the same.
    if (error.code === 'EPIPE') return;
    process.exitCode = Exit.Failed;
    if (stream === process.stdout) process.stderr.write(`error: cannot write the result: ${error.message}\n`);
  });
}

const program = new Command('memtable-lab')
  .description('The memtable toolkit at work on real data.')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : Exit.Usage));
addRunCommand(program);
addTuneCommand(program);
await program.parseAsync();
