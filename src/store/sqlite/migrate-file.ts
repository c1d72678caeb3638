/** Migrates a file apart from any engine. */
import { checkedPrefix } from '../sql-names.ts';
import { resolveDatabaseFile } from './database-file.ts';
import { applyMigrations } from './migrate.ts';
import { acquireOwnerLock, DEFAULT_LOCK_WAIT_MS } from './owner-lock.ts';

export interface MigrateFileOptions {
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

/** See `migrateDatabase`. */
export async function migrateFile(
  path: string,
  options: MigrateFileOptions,
): Promise<readonly string[]> {
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
