/**
 * `backstep backup` and `restore`: a copy of a database file while it is in use, and the way back.
 */
import type { Command } from 'commander';
import { backupDatabase, type BackupProgress, restoreDatabase } from '../../index.ts';
import type { CopiedDatabase } from '../../index.ts';
import type { Surroundings } from '../command-run.ts';
import { diagnosisText, shownDiagnosis } from '../doctor.ts';
import { EXIT_FAILED, EXIT_WELL, UsageError } from '../exit-codes.ts';
import { counted, progressLine, shareText } from '../progress.ts';
import { loadSagas } from '../saga-modules.ts';
import { Report } from '../terminal.ts';
import { act, databaseOf, type DatabaseOptions, MODULES, onDatabase } from './on-database.ts';

interface RestoreFlags extends DatabaseOptions {
  readonly force?: boolean;
  readonly withFindings?: boolean;
}

/** Adds them to the program. */
export function addBackupCommands(program: Command, surroundings: Surroundings): void {
  const { env, terminal } = surroundings;
  const backup = onDatabase(
    program
      .command('backup <file> [module...]')
      .description('copy a database file, in use or not, and examine the copy')
      .option('--json', 'print JSON')
      .addHelpText('after', `${MODULES}\nWith modules the copy is examined as doctor does.`),
  );
  act(backup, surroundings, async (options: DatabaseOptions, [file = '', ...modules]) => {
    const { database } = databaseOf(options, env);
    const report = new Report(terminal, options.json === true);
    const made = await shownWork(modules, (shared) =>
      backupDatabase({ database, to: file, ...shared }),
    );
    const code = tell(report, 'backed up to', made);
    report.next(`backstep restore ${file} --db <another file>`);
    return code;
  });
  const restore = onDatabase(
    program
      .command('restore <file> [module...]')
      .description('make a database file of a backup, in use by nobody')
      .option('--force', 'replace the database that is there; what it holds is lost')
      .option('--with-findings', 'even where the doctor finds errors in the backup')
      .option('--json', 'print JSON')
      .addHelpText('after', `${MODULES}\nWith modules the backup is examined as doctor does.`),
  );
  act(restore, surroundings, async (options: RestoreFlags, [file = '', ...modules]) => {
    const { database } = databaseOf(options, env);
    const report = new Report(terminal, options.json === true);
    const { force = false, withFindings = false } = options;
    const made = await shownWork(modules, (shared) =>
      restoreDatabase({ from: file, database, force, withFindings, ...shared }),
    );
    const code = tell(report, 'restored to', made);
    report.note('it is the past: what was acknowledged after the backup is not in it');
    return code;
  });
}

type Shared = Pick<
  Parameters<typeof backupDatabase>[0],
  'definitions' | 'migrations' | 'onProgress'
>;

async function shownWork(
  modules: readonly string[],
  work: (shared: Shared) => Promise<CopiedDatabase>,
): Promise<CopiedDatabase> {
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') throw new UsageError(loaded.message);
  if (loaded.stray !== null) throw new UsageError(loaded.stray);
  const { definitions, migrations } = loaded;
  const line = progressLine(progressText);
  try {
    return await work({ definitions, migrations, onProgress: (progress) => line.show(progress) });
  } finally {
    line.end();
  }
}

function progressText({ phase, done, total }: BackupProgress): string {
  if (phase === 'examining') return shareText(done, total, 'examined');
  const share = total === 0 ? 100 : Math.floor((100 * done) / total);
  return `${counted(done)} of ${counted(total)} pages copied (${share}%)`;
}

function tell(report: Report, what: string, made: CopiedDatabase): number {
  const diagnosis = shownDiagnosis(made.diagnosis);
  const { path, bytes } = made;
  report.answer({ path, bytes, diagnosis }, () => [
    `${what} ${path}, ${counted(bytes)} bytes`,
    diagnosisText(path, diagnosis).trimEnd(),
  ]);
  const isWrong = diagnosis.findings.some(({ severity }) => severity === 'error');
  return isWrong ? EXIT_FAILED : EXIT_WELL;
}
