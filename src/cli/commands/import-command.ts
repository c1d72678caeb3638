/** `backstep import`: sagas in flight, out of a file, into a database or onto Restate. */
import type { Command } from 'commander';
import { importSagas, type ImportedSagas } from '../../index.ts';
import { importToRestate, type RestateAt } from '../../restate/face/moves/moving.ts';
import type { Surroundings } from '../command-run.ts';
import { EXIT_WELL, UsageError } from '../exit-codes.ts';
import { textValues } from '../option-values.ts';
import { counted, sagasText } from '../progress.ts';
import { loadSagas } from '../saga-modules.ts';
import { Report } from '../terminal.ts';
import { act, MODULES } from './on-database.ts';
import {
  moveDatabaseOf,
  onMoved,
  orOnRestate,
  type PlaceFlags,
  restateOf,
  shownWork,
} from './on-move.ts';

interface ImportFlags extends PlaceFlags {
  readonly module?: readonly string[];
  readonly dryRun?: boolean;
}

const IMPORT_HELP = `${MODULES}
Restate is told of no module: its workers say which sagas they run. A face must be there, which writes
the journals.
May be ordered again: what came already is left alone.`;

/** Adds it to the program. */
export function addImportCommand(program: Command, surroundings: Surroundings): void {
  const importing = orOnRestate(
    onMoved(
      program
        .command('import <file>')
        .description('put sagas that export --move took out into a database, or onto Restate')
        .option('--module <module>', 'a module with sagas that will be registered here', textValues)
        .option('--dry-run', 'only check whether all of them could come')
        .option('--force', 'although the file came to another database, which is gone for good')
        .option('--json', 'print JSON')
        .addHelpText('after', IMPORT_HELP),
    ),
  );
  act(importing, surroundings, (options: ImportFlags, [file = '']) =>
    importOrder(options, file, surroundings),
  );
}

async function importOrder(
  options: ImportFlags,
  file: string,
  surroundings: Surroundings,
): Promise<number> {
  const { dryRun = false } = options;
  const restate = restateOf(options);
  const report = new Report(surroundings.terminal, options.json === true);
  const came =
    restate === null
      ? await intoDatabase(options, file, surroundings)
      : await ontoRestate(options, file, restate);
  const { move, imported, alreadyHere } = came;
  const verb = dryRun ? 'would come' : 'came';
  const before = alreadyHere === 0 ? '' : `, ${counted(alreadyHere)} were here already`;
  report.answer({ ...came, dryRun }, () => [
    `move ${move}: ${sagasText(imported)} ${verb}${before}`,
  ]);
  report.next(dryRun ? null : `backstep export --done ${file} --db <the database they left>`);
  return EXIT_WELL;
}

async function intoDatabase(
  options: ImportFlags,
  from: string,
  surroundings: Surroundings,
): Promise<ImportedSagas> {
  const { module: modules = [], dryRun = false, force = false } = options;
  if (modules.length === 0) {
    throw new UsageError('name with --module each module whose sagas will be registered here');
  }
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') throw new UsageError(loaded.message);
  if (loaded.stray !== null) throw new UsageError(loaded.stray);
  const { definitions, migrations } = loaded;
  const database = moveDatabaseOf(options, surroundings);
  return shownWork((onProgress) =>
    importSagas({ ...database, from, definitions, migrations, dryRun, force, onProgress }),
  );
}

function ontoRestate(
  { module: modules = [], dryRun = false, force = false }: ImportFlags,
  from: string,
  at: RestateAt,
): Promise<ImportedSagas> {
  if (modules.length > 0) {
    throw new UsageError('--module is for a database; on Restate the workers say what they run');
  }
  return shownWork((onProgress) => importToRestate({ ...at, from, dryRun, force, onProgress }));
}
