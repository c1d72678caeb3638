/** Migrates a file apart from any engine. */
import { checkedPrefix } from '../sql-names.ts';
import { resolveDatabaseFile } from './database-file.ts';
import { applyMigrations } from './migrate.ts';
import { acquireOwnerLock, DEFAULT_LOCK_WAIT_MS } from './ownership/owner-lock.ts';

/** As of `MigrateOptions`. */
interface FileOptions {
  readonly migrationsFolder?: string;
  readonly tablePrefix?: string;
  readonly lockWaitMs?: number;
}

/** See `migrateDatabase`. */
export async function migrateFile(path: string, options: FileOptions): Promise<readonly string[]> {
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
