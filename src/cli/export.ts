/**
 * `backstep export`: prints the journal of one saga, to be kept beside the tests of its code.
 */
import { shownDatabase } from '../core/database-target.ts';
import { BackstepError } from '../core/errors.ts';
import { createRedact, hidesNamed } from '../core/secrets/redact.ts';
import { journalExport, shownExport } from '../host/upkeep/journal-export.ts';
import { openStoredSagas } from '../store/stored-sagas.ts';
import type { DatabaseRequest } from './database-request.ts';
import { exitCodeOf } from './exit-codes.ts';

export interface ExportRequest extends DatabaseRequest {
  readonly sagaId: string;
  /** As it is stored; else secrets are hidden. */
  readonly withSecrets: boolean;
  /** Names of members to hide beside the default list. */
  readonly hidden: readonly string[];
}

/** Gives the exit code. */
export async function exportJournal(request: ExportRequest): Promise<number> {
  const { sagaId, database, withSecrets, hidden } = request;
  try {
    const stored = await openStoredSagas(request);
    try {
      const journal = await stored.journalOf(sagaId);
      if (journal === null) {
        throw new BackstepError(
          'not-found',
          `${shownDatabase(database)}: no saga with id "${sagaId}"`,
        );
      }
      const hides = hidesNamed(hidden);
      const shown = withSecrets
        ? journalExport(journal)
        : shownExport(journal, createRedact(hides));
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      return 0;
    } finally {
      await stored.close();
    }
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    process.stderr.write(`backstep: ${error.message}\n`);
    return exitCodeOf(error);
  }
}
