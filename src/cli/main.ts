/**
 * The `backstep` command: runs what its arguments ask for, in this process and on its streams.
 */
import { existsSync } from 'node:fs';
import { runCommandLine } from './program.ts';
import { processTerminal } from './terminal.ts';

// As the launcher does, so that both mean the same database.
if (existsSync('.env')) process.loadEnvFile('.env');
const exitCode = await runCommandLine(process.argv.slice(2), process.env, processTerminal());
// What a module opened when it was loaded, such as an engine, would keep the process for ever.
await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
process.exit(exitCode);

/** Resolves once everything written so far has left the process, or cannot. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
