/**
 * `backstep export` and `import`: sagas in flight to another database; and, of one saga, its journal
 * to be replayed.
 */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { parseDuration } from '../../core/duration.ts';
import { readSetting, SHARED_SETTINGS } from '../../core/settings.ts';
import {
  type ClosedMove,
  type ExportedSagas,
  exportSagas,
  finishMove,
  importSagas,
  type MovedSagas,
  type MoveProgress,
  type SagaFilter,
  takeBackMove,
} from '../../index.ts';
import { columns } from '../columns.ts';
import type { Surroundings } from '../command-run.ts';
import { EXIT_WELL, UsageError } from '../exit-codes.ts';
import { textValue, textValues } from '../option-values.ts';
import { counted, progressLine, sagasText } from '../progress.ts';
import { loadSagas } from '../saga-modules.ts';
import { Report } from '../terminal.ts';
import { filterOf, type FilterOptions, withFilters } from './filters.ts';
import { act, databaseOf, type DatabaseOptions, MODULES, onDatabase } from './on-database.ts';
import { authored } from './start-commands.ts';

interface MoveFlags extends DatabaseOptions {
  readonly migrations?: string;
  readonly force?: boolean;
  readonly tablePrefix?: string;
}

interface ExportFlags extends MoveFlags, FilterOptions {
  readonly withSecrets?: boolean;
  readonly move?: string;
  readonly done?: string;
  readonly back?: string;
  readonly all?: boolean;
  readonly to?: string;
  readonly by?: string;
  readonly reason?: string;
  readonly dryRun?: boolean;
}

interface ImportFlags extends MoveFlags {
  readonly module?: readonly string[];
  readonly dryRun?: boolean;
}

/** Sagas that are shown of a move. */
const MAX_SHOWN = 10;

/** Adds them to the program. */
export function addMoveCommands(program: Command, surroundings: Surroundings): void {
  const exporting = onMoved(
    withFilters(
      authored(
        program
          .command('export [saga...]')
          .description('take sagas in flight out of a database; or print the journal of one')
          .option('--move <file>', 'make them stand still here, and write them to it', textValue)
          .option('--all', 'with --move: all that are in flight')
          .option('--to <place>', 'with --move: where they go, for their callers', textValue)
          .option('--done <file>', 'close them here: they were imported elsewhere', textValue)
          .option('--back <file>', 'let them go on here: they were imported nowhere', textValue)
          .option(
            '--force',
            'with --back: although it was imported; that database is gone for good',
          )
          .option('--with-secrets', 'of a journal: as it is stored; else secrets are hidden')
          .option('--json', 'print JSON'),
      ),
    ),
  ).addHelpText('after', EXPORT_HELP);
  act(exporting, surroundings, (options: ExportFlags, sagas) =>
    exportOrder(options, sagas, surroundings),
  );
  const importing = onMoved(
    program
      .command('import <file>')
      .description('put sagas that export --move took out of a database into this one')
      .option('--module <module>', 'a module with sagas that will be registered here', textValues)
      .option('--dry-run', 'only check whether all of them could come')
      .option('--force', 'although the file came to another database, which is gone for good')
      .option('--json', 'print JSON')
      .addHelpText('after', `${MODULES}\nMay be ordered again: what came already is left alone.`),
  );
  act(importing, surroundings, (options: ImportFlags, [file = '']) =>
    importOrder(options, file, surroundings),
  );
}

const EXPORT_HELP = `
Without --move, --done or --back it prints the journal of one saga as JSON, to be replayed against new code.
Nobody may own the database meanwhile. In this order, each of which may be ordered again:
  backstep export --move sagas.jsonl --all --to 'the new server' --db old.db
  backstep import sagas.jsonl --module sagas --db postgres://...
  backstep export --done sagas.jsonl --db old.db`;

function onMoved(command: Command): Command {
  return onDatabase(command)
    .option('--migrations <folder>', 'your own migrations of the database', textValue)
    .option('--table-prefix <prefix>', "what the engine's tables begin with", textValue);
}

async function exportOrder(
  options: ExportFlags,
  sagas: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { move, done, back } = options;
  const orders = [move, done, back].filter((each) => each !== undefined);
  if (options.force === true && back === undefined) throw new UsageError('--force is for --back');
  if (orders.length > 1) throw new UsageError('give one of --move, --done and --back');
  if (done !== undefined || back !== undefined) {
    return closeOrder(options, sagas, surroundings);
  }
  if (move !== undefined) return moveOrder(options, move, sagas, surroundings);
  const [saga] = sagas;
  if (saga === undefined) throw new UsageError('say which saga, or what to --move');
  if (sagas.length > 1 || filterOf(options) !== null || options.all === true) {
    throw new UsageError('a journal is of one saga; add --move <file> to take several out');
  }
  const { exportJournal } = await import('../export.ts');
  return exportJournal({
    ...databaseOf(options, surroundings.env),
    sagaId: saga,
    withSecrets: options.withSecrets === true,
    hidden: readSetting(SHARED_SETTINGS, surroundings.env, 'BACKSTEP_REDACT'),
  });
}

async function moveOrder(
  options: ExportFlags,
  file: string,
  sagas: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { to = `what imports ${basename(file)}`, dryRun = false, by, reason } = options;
  const report = new Report(surroundings.terminal, options.json === true);
  const moved = await shownWork((onProgress) =>
    exportSagas({
      ...moveDatabaseOf(options, surroundings),
      sagas: meantBy(options, sagas),
      to: file,
      place: to,
      dryRun,
      onProgress,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    }),
  );
  report.answer({ ...moved, dryRun }, () => movedLines(moved, report));
  if (dryRun) return EXIT_WELL;
  report.note('they stand still here; the file has their payloads, and may be imported once');
  report.next(
    `backstep import ${file} --module <module> --db <another database>`,
    `backstep export --back ${file} --db <this one>`,
  );
  return EXIT_WELL;
}

function movedLines({ move, file, sagas }: ExportedSagas, report: Report): readonly string[] {
  const rows = sagas.map(({ id, type, version, status, isOfFamily }) => [
    id,
    `${type}@${version}`,
    status,
    isOfFamily ? 'of the family of another' : '',
  ]);
  const what =
    move === null
      ? `would move ${sagasText(sagas.length)}`
      : `move ${move}: ${sagasText(sagas.length)} in ${file}`;
  return [
    what,
    ...columns(['SAGA', 'TYPE', 'STATUS', ''], rows.slice(0, MAX_SHOWN), (cell, column) =>
      column === 2 ? report.status(cell) : cell,
    ),
    ...(rows.length > MAX_SHOWN ? [`and ${counted(rows.length - MAX_SHOWN)} more`] : []),
  ];
}

async function closeOrder(
  options: ExportFlags,
  sagas: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { done, back, by, reason, force = false } = options;
  if (sagas.length > 0 || filterOf(options) !== null) {
    throw new UsageError('--done and --back are for all sagas of the file');
  }
  if (options.dryRun === true) throw new UsageError('--dry-run is for --move');
  const report = new Report(surroundings.terminal, options.json === true);
  const closed: ClosedMove = await shownWork((onProgress) =>
    (done === undefined ? takeBackMove : finishMove)({
      ...moveDatabaseOf(options, surroundings),
      file: done ?? back ?? '',
      force,
      onProgress,
      ...(by === undefined ? {} : { by }),
      ...(reason === undefined ? {} : { reason }),
    }),
  );
  const what = done === undefined ? 'go on here' : 'have left';
  report.answer(closed, () => [`move ${closed.move}: ${sagasText(closed.sagas)} ${what}`]);
  return EXIT_WELL;
}

async function importOrder(
  options: ImportFlags,
  file: string,
  surroundings: Surroundings,
): Promise<number> {
  const { module: modules = [], dryRun = false, force = false } = options;
  if (modules.length === 0) {
    throw new UsageError('name with --module each module whose sagas will be registered here');
  }
  const loaded = await loadSagas(modules);
  if (loaded.kind === 'mistake') throw new UsageError(loaded.message);
  if (loaded.stray !== null) throw new UsageError(loaded.stray);
  const { definitions, migrations } = loaded;
  const report = new Report(surroundings.terminal, options.json === true);
  const came = await shownWork((onProgress) =>
    importSagas({
      ...moveDatabaseOf(options, surroundings),
      from: file,
      definitions,
      migrations,
      dryRun,
      force,
      onProgress,
    }),
  );
  const { move, imported, alreadyHere } = came;
  const verb = dryRun ? 'would come' : 'came';
  const before = alreadyHere === 0 ? '' : `, ${counted(alreadyHere)} were here already`;
  report.answer({ ...came, dryRun }, () => [
    `move ${move}: ${sagasText(imported)} ${verb}${before}`,
  ]);
  report.next(dryRun ? null : `backstep export --done ${file} --db <the database they left>`);
  return EXIT_WELL;
}

function moveDatabaseOf(options: MoveFlags, { env }: Surroundings) {
  const { migrations, tablePrefix } = options;
  return {
    ...databaseOf(options, env),
    ...(migrations === undefined ? {} : { migrationsFolder: migrations }),
    ...(tablePrefix === undefined ? {} : { tablePrefix }),
  };
}

function meantBy(options: ExportFlags, ids: readonly string[]): MovedSagas {
  const filter = filterOf(options);
  const given = [ids.length > 0, filter !== null, options.all === true].filter(Boolean).length;
  if (given !== 1) throw new UsageError('give sagas by their ids, or a filter, or --all');
  if (ids.length > 0) return { ids };
  return filter === null ? 'all' : { filter: sagaFilterOf(options) };
}

function sagaFilterOf(options: FilterOptions): SagaFilter {
  const { type, status, step, attempts, olderThan, query } = options;
  const olderMs = olderThan === undefined ? null : parseDuration(olderThan);
  return {
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
    ...(step === undefined ? {} : { step }),
    ...(attempts === undefined ? {} : { minAttempts: attempts }),
    ...(olderMs === null ? {} : { updatedBeforeMs: Date.now() - olderMs }),
    ...(query === undefined ? {} : { text: query }),
  };
}

async function shownWork<Result>(
  work: (onProgress: (progress: MoveProgress) => void) => Promise<Result>,
): Promise<Result> {
  const line = progressLine(({ phase, done, total }: MoveProgress) => {
    const of = total === 0 ? '' : ` of ${counted(total)}`;
    return `${phase}: ${counted(done)}${of} sagas`;
  });
  try {
    return await work((progress) => line.show(progress));
  } finally {
    line.end();
  }
}
