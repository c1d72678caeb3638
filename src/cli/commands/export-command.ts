/** `backstep export`: takes sagas in flight out of where they run; or, of one, its journal. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { parseDuration } from '../../core/duration.ts';
import { readSetting, SHARED_SETTINGS } from '../../core/settings.ts';
import {
  type ClosedMove,
  type ExportedSagas,
  exportSagas,
  finishMove,
  type MovedSagas,
  type SagaFilter,
  takeBackMove,
} from '../../index.ts';
import {
  exportFromRestate,
  finishMoveOnRestate,
  takeBackMoveOnRestate,
} from '../../restate/face/moves/moving.ts';
import { columns } from '../columns.ts';
import type { Surroundings } from '../command-run.ts';
import { EXIT_WELL, UsageError } from '../exit-codes.ts';
import { durationValue, textValue } from '../option-values.ts';
import { counted, sagasText } from '../progress.ts';
import { Report } from '../terminal.ts';
import { filterOf, type FilterOptions, withFilters } from './filters.ts';
import { act, databaseOf } from './on-database.ts';
import {
  moveDatabaseOf,
  onMoved,
  orOnRestate,
  type PlaceFlags,
  restateOf,
  shownWork,
} from './on-move.ts';
import { authored } from './start-commands.ts';

interface ExportFlags extends PlaceFlags, FilterOptions {
  readonly within?: `${number}ms`;
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

/** Sagas that are shown of a move. */
const MAX_SHOWN = 10;

/** Adds it to the program. */
export function addExportCommand(program: Command, surroundings: Surroundings): void {
  const exporting = orOnRestate(
    onMoved(
      withFilters(
        authored(
          program
            .command('export [saga...]')
            .description('take sagas in flight out of where they run; or print the journal of one')
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
    ),
  )
    .option(
      '--within <duration>',
      'on Restate: wait so long for what is under way (default: 60s)',
      durationValue,
    )
    .addHelpText('after', EXPORT_HELP);
  act(exporting, surroundings, (options: ExportFlags, sagas) =>
    exportOrder(options, sagas, surroundings),
  );
}

const EXPORT_HELP = `
Without --move, --done or --back it prints the journal of one saga as JSON, to be replayed against new code.
Nobody may own the database meanwhile. In this order, each of which may be ordered again:
  backstep export --move sagas.jsonl --all --to 'the new server' --db old.db
  backstep import sagas.jsonl --module sagas --db postgres://...
  backstep export --done sagas.jsonl --db old.db
With --restate in the place of --db they leave Restate, or come to it: while they leave, workers and face
go on, and what cannot be moved is refused by name before anything stands still.`;

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
  if (options.within !== undefined && move === undefined) {
    throw new UsageError('--within is for --move');
  }
  if (move !== undefined) return moveOrder(options, move, sagas, surroundings);
  const [saga] = sagas;
  if (saga === undefined) throw new UsageError('say which saga, or what to --move');
  if (sagas.length > 1 || filterOf(options) !== null || options.all === true) {
    throw new UsageError('a journal is of one saga; add --move <file> to take several out');
  }
  if (restateOf(options) !== null) {
    throw new UsageError('a journal is printed from the database of the face: name that with --db');
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
  const restate = restateOf(options);
  if (options.within !== undefined && restate === null) {
    throw new UsageError('--within is for --restate; nobody runs a database that is exported');
  }
  const order = {
    sagas: meantBy(options, sagas),
    to: file,
    place: to,
    dryRun,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
  const within = options.within === undefined ? {} : { within: options.within };
  const moved = await shownWork((onProgress) =>
    restate === null
      ? exportSagas({ ...moveDatabaseOf(options, surroundings), ...order, onProgress })
      : exportFromRestate({ ...restate, ...within, ...order, onProgress }),
  );
  report.answer({ ...moved, dryRun }, () => movedLines(moved, report));
  if (dryRun) return EXIT_WELL;
  report.note('they stand still here; the file has their payloads, and may be imported once');
  report.next(
    `backstep import ${file} --module <module> --db <another database>`,
    `backstep export --back ${file} ${restate === null ? '--db <this one>' : '--restate <this one>'}`,
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
  const restate = restateOf(options);
  const order = {
    file: done ?? back ?? '',
    force,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
  const isBack = done === undefined;
  const closed: ClosedMove = await shownWork((onProgress) =>
    restate === null
      ? (isBack ? takeBackMove : finishMove)({
          ...moveDatabaseOf(options, surroundings),
          ...order,
          onProgress,
        })
      : (isBack ? takeBackMoveOnRestate : finishMoveOnRestate)({
          ...restate,
          ...order,
          onProgress,
        }),
  );
  const what = done === undefined ? 'go on here' : 'have left';
  report.answer(closed, () => [`move ${closed.move}: ${sagasText(closed.sagas)} ${what}`]);
  return EXIT_WELL;
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
