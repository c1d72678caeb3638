/**
 * Moving sagas to and from Restate, as programs call it. What each does is loaded when it is asked for.
 */
import type { ImportedSagas } from '../../host/moves/import-sagas.ts';
import type { RestateAt } from './door.ts';
import type { RestateImportOptions } from './to-restate.ts';

export type { RestateAt, RestateImportOptions };

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
