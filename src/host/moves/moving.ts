/**
 * Moving sagas between databases, as programs call it. What each does is loaded when it is asked for:
 * a program that only defines sagas loads no driver of a database.
 */
import type { ClosedMove, CloseMoveOptions } from './close-move.ts';
import type { ExportedSagas, ExportOptions } from './export-sagas.ts';
import type { ImportedSagas, ImportOptions } from './import-sagas.ts';

/**
 * Takes sagas in flight out of a database, into a file. Throws `storage-refused` where the database
 * is in use, `not-found` where no saga in flight matches, `input-invalid` for a file that is another
 * one's, and for too many sagas.
 */
export async function exportSagas(options: ExportOptions): Promise<ExportedSagas> {
  const work = await import('./export-sagas.ts');
  return work.exportSagas(options);
}

/**
 * Imports the sagas of a move's file. Throws, before anything is written: `input-invalid` for a file
 * that is damaged or none; `version-missing` for sagas that nothing given here can run; `conflict`
 * where a saga or its start key is here already, by another way than this file, or where the file says
 * that another database has its sagas; `storage-refused` where the database is in use, and what opening
 * it throws. The file is written to: it keeps where it was imported.
 */
export async function importSagas(options: ImportOptions): Promise<ImportedSagas> {
  const work = await import('./import-sagas.ts');
  return work.importSagas(options);
}

/**
 * Closes sagas that were imported elsewhere: each is over here, says where it went, and its start key
 * is answered with that. Throws `not-found` where the database knows no such move, `conflict` where
 * more sagas leave than the file has, and as `exportSagas`.
 */
export async function finishMove(options: CloseMoveOptions): Promise<ClosedMove> {
  const work = await import('./close-move.ts');
  return work.finishMove(options);
}

/**
 * Lets the sagas of a move go on where they were. Only for a move whose file was not, and will never
 * be, imported anywhere: else they run twice. Removes the file. Throws as `finishMove`, and `conflict`
 * where the file says that it was imported.
 */
export async function takeBackMove(options: CloseMoveOptions): Promise<ClosedMove> {
  const work = await import('./close-move.ts');
  return work.takeBackMove(options);
}
