/** `backstep compact`: gives the room that removed sagas left in a database file back to the disk. */
import type { Command } from 'commander';
import { compactDatabase, type CompactionProgress } from '../../index.ts';
import type { Surroundings } from '../command-run.ts';
import { EXIT_WELL } from '../exit-codes.ts';
import { counted, progressLine } from '../progress.ts';
import { Report } from '../terminal.ts';
import { act, databaseOf, type DatabaseOptions, onDatabase } from './on-database.ts';

/** Adds it to the program. */
export function addCompactCommand(program: Command, surroundings: Surroundings): void {
  const { env, terminal } = surroundings;
  const compact = onDatabase(
    program
      .command('compact')
      .description('give back what is free in a database file; stop its engine before')
      .option('--json', 'print JSON'),
  );
  act(compact, surroundings, async (options: DatabaseOptions) => {
    const { database } = databaseOf(options, env);
    const report = new Report(terminal, options.json === true);
    const line = progressLine(progressText);
    try {
      const compacted = await compactDatabase({ database, onProgress: (far) => line.show(far) });
      line.end();
      const { path, bytesBefore, bytes, isShrinkingLater } = compacted;
      report.answer(compacted, () => [
        `compacted ${path}: ${counted(bytesBefore)} bytes, now ${counted(bytes)}`,
      ]);
      if (isShrinkingLater) report.note('somebody looks at it: it shrinks once they have left');
      return EXIT_WELL;
    } finally {
      line.end();
    }
  });
}

function progressText({ done, total }: CompactionProgress): string {
  if (done === 0) return `gathering the ${counted(total)} bytes that stay`;
  return `${counted(done)} of ${counted(total)} bytes written anew (${Math.floor((100 * done) / total)}%)`;
}
