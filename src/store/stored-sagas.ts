/**
 * Opens a database to look at from outside, whatever its kind. Only reads, and may run beside a living
 * engine.
 */
import type { StoredSagas } from './as-stored.ts';

/** The same for a file and for a server. */
export interface StoredDatabase {
  /** A path, or the URL of a database of PostgreSQL. */
  readonly database: string;
  /** PostgreSQL: the schema of the engine's tables. Default `backstep`. */
  readonly schema?: string;
}

/**
 * Opens it. Throws `storage-refused`, with the cure: not there, not ours, or of another schema;
 * `unavailable`: a server that cannot be reached.
 */
export async function openStoredSagas({ database, schema }: StoredDatabase): Promise<StoredSagas> {
  if (/^postgres(?:ql)?:/.test(database)) {
    const { openStoredSchema } = await import('./postgres/stored-sagas.ts');
    return openStoredSchema(database, schema);
  }
  const { openStoredFile } = await import('./sqlite/stored-sagas.ts');
  return openStoredFile(database);
}
