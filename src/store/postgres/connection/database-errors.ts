/**
 * Errors about a database of PostgreSQL as a whole, named without its password.
 */
import { DatabaseError } from 'pg';
import { shownDatabase } from '../../../core/database-target.ts';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';

/** SQLSTATE classes and codes at connecting that a person must mend. */
const WRONG = ['28', '3D000', '42501'];
/** What a pooler says to settings that a connection begins with. */
const SETTINGS_REFUSED = '08P01';

/** For a pooler where the server itself is needed. */
export const DIRECT_CURE =
  'where url leads to a pooler, give the way to the server itself, too: database: { url, direct }';

/** A `storage-refused` error that names the database, the reason and the cure. */
export function refusedDatabase(
  url: string,
  why: string,
  cure: string,
  cause?: unknown,
): BackstepError {
  return new BackstepError('storage-refused', `${shownDatabase(url)}: ${why}; ${cure}`, { cause });
}

/**
 * What a database could not be opened for: `unavailable` where that may pass by itself, else
 * `storage-refused`.
 */
export function unusableDatabase(url: string, thrown: unknown): BackstepError {
  if (thrown instanceof BackstepError) return thrown;
  const why = toFailure(thrown).message;
  const code = thrown instanceof DatabaseError ? (thrown.code ?? '') : '';
  if (WRONG.some((wrong) => code.startsWith(wrong))) {
    return refusedDatabase(url, why, 'check the URL, the role and its rights', thrown);
  }
  if (code === SETTINGS_REFUSED) return refusedDatabase(url, why, DIRECT_CURE, thrown);
  const message = `${shownDatabase(url)}: ${why}; it may pass: try again`;
  return new BackstepError('unavailable', message, { cause: thrown });
}
