/**
 * Opens a database to look at from outside, whatever its kind. Only reads, and may run beside a living
 * engine.
 */
import { existsSync } from 'node:fs';
import { type DatabaseAddress, readDatabase } from '../core/database-target.ts';
import type { StoredSagas } from './as-stored.ts';
import { loadPostgres } from './open-store.ts';

/** The same for a file and for a server. */
export interface StoredDatabase {
  readonly database: DatabaseAddress;
  /** PostgreSQL: the schema of the engine's tables. Default `backstep`. */
  readonly schema?: string;
}

/**
 * Opens it. Throws `storage-refused`, with the cure: not there, not ours, or of another schema, or
 * the package `pg` is missing; `unavailable`: a server that cannot be reached; `input-invalid`: no
 * such database can be meant.
 */
export async function openStoredSagas({ database, schema }: StoredDatabase): Promise<StoredSagas> {
  const target = readDatabase(database);
  if (target.kind === 'postgres') {
    // Statements of one transaction after the other: a pooler would tear them apart.
    const { openStoredSchema } = await loadPostgres(
      () => import('./postgres/reader/stored-sagas.ts'),
    );
    return openStoredSchema(target.direct, schema);
  }
  const { openStoredFile } = await import('./sqlite/reader/stored-sagas.ts');
  return openStoredFile(target.path);
}

/** Whether there is one: a file, or our tables in a schema. Throws as `openStoredSagas` does. */
export async function isDatabaseThere({ database, schema }: StoredDatabase): Promise<boolean> {
  const target = readDatabase(database);
  if (target.kind === 'file') return existsSync(target.path);
  const { isSchemaThere } = await loadPostgres(() => import('./postgres/reader/stored-sagas.ts'));
  return isSchemaThere(target.direct, schema);
}
