/**
 * `backstep migrate`: brings a database to the schema of this version, or tells why not.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { isPostgresUrl, shownDatabase } from '../core/database-target.ts';
import { BackstepError } from '../core/errors.ts';
import { migrateDatabase, type MigrateOptions } from '../store/migrate-database.ts';
import type { DatabaseRequest } from './database-request.ts';
import { EXIT_FAILED } from './exit-codes.ts';

export type MigrateRequest = DatabaseRequest & MigrateOptions & { readonly isJson: boolean };

/** Gives the exit code. */
export async function migrate({ database, isJson, ...options }: MigrateRequest): Promise<number> {
  try {
    if (!isPostgresUrl(database)) makeFolderOf(database);
    await migrateDatabase(database, options);
    const shown = shownDatabase(database);
    process.stdout.write(
      isJson
        ? `${JSON.stringify({ database: shown }, null, 2)}\n`
        : `${shown} has the schema of this version\n`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof BackstepError)) throw error;
    process.stderr.write(`backstep: ${error.message}\n`);
    return EXIT_FAILED;
  }
}

/** A fresh checkout has no folder for the default database. */
function makeFolderOf(database: string): void {
  try {
    mkdirSync(dirname(database), { recursive: true });
  } catch (cause) {
    const why = `cannot make the folder of ${database}: ${String(cause)}`;
    throw new BackstepError('storage-refused', why, { cause });
  }
}
