/**
 * `backstep export`: prints the journal of one saga, to be kept beside the tests of its code.
 */
import { BackstepError } from '../core/errors.ts';
import { createRedact } from '../core/redact.ts';
import { journalExport, shownExport } from '../runtime/journal-export.ts';
import { openStoredSagas } from '../store/stored-sagas.ts';
import { EXIT_FAILED } from './exit-codes.ts';

export interface ExportRequest {
  readonly sagaId: string;
  readonly database: string;
  /** As it is stored; else secrets are hidden. */
  readonly withSecrets: boolean;
}

/** Gives the exit code. */
export function exportJournal({ sagaId, database, withSecrets }: ExportRequest): number {
  try {
    const stored = openStoredSagas(database);
    try {
      const journal = stored.journalOf(sagaId);
      if (journal === null) {
        throw new BackstepError('not-found', `${database}: no saga with id "${sagaId}"`);
      }
      const shown = withSecrets ? journalExport(journal) : shownExport(journal, createRedact());
      process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
      return 0;
    } finally {
      stored.close();
    }
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    process.stderr.write(`backstep: ${error.message}\n`);
    return EXIT_FAILED;
  }
}
