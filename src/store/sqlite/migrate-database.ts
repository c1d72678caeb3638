/**
 * Migrates a database apart from any engine, taking its lock for as long as that lasts.
 *
 * Loads what it needs when it is called: a program that names it pays for no SQLite before.
 */
import { checkedPrefix } from '../sql-names.ts';

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
}

/**
 * Migrates the database at `path`, creating it where there is none. Returns the names of the files
 * that ran. Throws `storage-refused`: owned, not ours, newer, or a file that fails, would not run,
 * or has a name that is taken, or tables with another prefix; `unavailable` where the disk has a
 * fault that may pass; `input-invalid` for a prefix that will not do.
 */
export async function migrateDatabase(
  path: string,
  options: MigrateOptions = {},
): Promise<readonly string[]> {
  const [{ resolveDatabaseFile }, { acquireOwnerLock, DEFAULT_LOCK_WAIT_MS }, { applyMigrations }] =
    await Promise.all([
      import('./database-file.ts'),
      import('./owner-lock.ts'),
      import('./migrate.ts'),
    ]);
  const tablePrefix = checkedPrefix(options.tablePrefix ?? '');
  const realPath = resolveDatabaseFile(path);
  const lock = await acquireOwnerLock(realPath, options.lockWaitMs ?? DEFAULT_LOCK_WAIT_MS);
  try {
    const names = await applyMigrations(realPath, options.migrationsFolder, tablePrefix);
    lock.release();
    return names;
  } catch (thrown) {
    lock.releaseAfter(thrown);
    throw thrown;
  }
}
