#!/usr/bin/env node
import { Command } from 'commander';
import { Exit } from './failure.js';
import { addRunCommand } from './run.js';
import { commanderOutput, print, printText } from './terminal.js';
import { addTuneCommand } from './tune.js';
import { version } from './version.js';

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // The reader closed the pipe, as `head` does. The run itself goes on.
    if (error.code === 'EPIPE') return;
    process.exitCode = Exit.Failed;
    if (stream === process.stdout) print(process.stderr, `error: cannot write the result: ${error.message}`);
  });
}

process.on('uncaughtException', (error) => {
  printText(process.stderr, error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(Exit.Failed);
});

const program = new Command('memtable-lab')
  .description('The memtable toolkit at work on real data.')
  .configureOutput(commanderOutput)
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : Exit.Usage));
addRunCommand(program);
addTuneCommand(program);
// `npm start -- --version` reaches a command, not the program.
for (const command of [program, ...program.commands]) command.version(version);
await program.parseAsync();
