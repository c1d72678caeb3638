/**
 * Migrates a database apart from any engine, taking its lock for as long as that lasts.
 *
 * Loads what it needs when it is called: a program that names it pays for no database before.
 */
import { type DatabaseAddress, readDatabase } from '../core/database-target.ts';
import { loadPostgres, refuseOptions } from './open-store.ts';

export interface MigrateOptions {
  /**
   * Folder of your own files such as `0100-orders.ts`, each with a function `up(db, kind)`, where
   * the kind is `sqlite` or `postgres`; the engine's always run with them. Default: the engine's
   * only.
   */
  readonly migrationsFolder?: string;
  /** See `BackstepOptions.tablePrefix`. Default: nothing. */
  readonly tablePrefix?: string;
  /** How long to wait for another owner to leave. Default 5,000. */
  readonly lockWaitMs?: number;
  /** See `BackstepOptions.schema`. Default `backstep`. */
  readonly schema?: string;
}

/**
 * Migrates a database, creating the file, or the schema, where there is none. Returns the names of
 * the files that ran. Throws `storage-refused`: owned, not ours, newer, or a file that fails, would
 * not run, or has a name that is taken, or tables with another prefix; `unavailable` where what is
 * in the way may pass; `input-invalid` for a database, prefix or schema that will not do.
 */
export async function migrateDatabase(
  database: DatabaseAddress,
  options: MigrateOptions = {},
): Promise<readonly string[]> {
  const target = readDatabase(database);
  refuseOptions(target, 'migrate', options);
  if (target.kind === 'file') {
    const { migrateFile } = await import('./sqlite/migrate-file.ts');
    return migrateFile(target.path, options);
  }
  const { migratePostgres } = await loadPostgres(() => import('./postgres/migrate.ts'));
  return migratePostgres(target.direct, options);
}
