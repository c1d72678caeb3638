/**
 * Moving sagas to and from Restate, as programs call it. What each does is loaded when it is asked for.
 */
import type { ClosedMove } from '../../../host/moves/close-move.ts';
import type { ExportedSagas } from '../../../host/moves/export-sagas.ts';
import type { ImportedSagas } from '../../../host/moves/import-sagas.ts';
import type { RestateCloseOptions } from './close-on-restate.ts';
import type { RestateAt } from './door.ts';
import type { RestateExportOptions } from './from-restate.ts';
import type { RestateImportOptions } from './to-restate.ts';

export type { RestateAt, RestateCloseOptions, RestateExportOptions, RestateImportOptions };

/**
 * Imports the sagas of a move's file, which `exportSagas` wrote, onto Restate. Throws, before anything
 * is brought: `input-invalid` for a file that is damaged or none; `version-missing` for sagas that no
 * worker runs; `state-unreadable` for one whose text is damaged; `conflict` where a saga or its start key
 * is there already, by another way than this file, or where the file says that another database has its
 * sagas; `storage-refused` where Restate has no workers or no face; `unavailable` where it does not
 * answer, or another process has the same move in hand. The file is written to: it keeps where it went.
 */
export async function importToRestate(options: RestateImportOptions): Promise<ImportedSagas> {
  const work = await import('./to-restate.ts');
  return work.importToRestate(options);
}

/**
 * Takes sagas in flight off Restate, into a file that `importSagas` and `importToRestate` take. Throws,
 * before any of them stands still: `not-found` where no saga in flight matches, `input-invalid` for a
 * file that is another one's, a filter that Restate cannot answer, and too many sagas; `conflict` for
 * sagas that cannot go. Throws `unavailable` where what is under way of them does not come to its end
 * in time: then they go on where they are.
 */
export async function exportFromRestate(options: RestateExportOptions): Promise<ExportedSagas> {
  const work = await import('./from-restate.ts');
  return work.exportFromRestate(options);
}

/** As `finishMove`, of sagas that left Restate. Throws as that. */
export async function finishMoveOnRestate(options: RestateCloseOptions): Promise<ClosedMove> {
  const work = await import('./close-on-restate.ts');
  return work.finishMoveOnRestate(options);
}

/** As `takeBackMove`, of sagas that were to leave Restate. Throws as that. */
export async function takeBackMoveOnRestate(options: RestateCloseOptions): Promise<ClosedMove> {
  const work = await import('./close-on-restate.ts');
  return work.takeBackMoveOnRestate(options);
}
