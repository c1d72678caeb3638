/** What only a database file can have done to it by the engine. */
import { type DatabaseAddress, readDatabase } from '../../core/database-target.ts';
import { BackstepError } from '../../core/errors.ts';

/** How long to wait for the owner of a file to leave, in milliseconds. */
export const DEFAULT_LOCK_WAIT_MS = 1_000;

/** The path of a database file. Throws `input-invalid` of any other: what to do there `instead`. */
export function fileOf(database: DatabaseAddress, what: string, instead: string): string {
  const target = readDatabase(database);
  if (target.kind === 'file') return target.path;
  const message = `a PostgreSQL database is not ours to ${what}: do it with ${instead}`;
  throw new BackstepError('input-invalid', message);
}
