/**
 * Opens a database to ask the questions of pages and the API from outside, whatever its kind. Only
 * reads, and may run beside a living engine.
 */
import { readDatabase } from '../core/database-target.ts';
import { loadPostgres } from './open-store.ts';
import type { OpenTables } from './open-tables.ts';
import { createEngineReads, type EngineReads } from './queries/engine-reads.ts';
import { createReadModels } from './queries/saga-queries.ts';
import type { ReadModels } from './read-models.ts';
import { openStoredSagas, type StoredDatabase } from './stored-sagas.ts';

/** The questions. */
export interface StoredReads {
  readonly read: ReadModels;
  readonly loads: Pick<EngineReads, 'sidOf' | 'loadBySid'>;
  close(): Promise<void>;
}

/** Opens it. Throws as `openStoredSagas` does. */
export async function openStoredReads(stored: StoredDatabase): Promise<StoredReads> {
  // Says in words what is wrong with a database that is not there, not ours or of another schema.
  await (await openStoredSagas(stored)).close();
  const { tables, close } = await openTables(stored);
  return { read: createReadModels(tables), loads: createEngineReads(tables), close };
}

async function openTables({ database, schema }: StoredDatabase): Promise<OpenTables> {
  const target = readDatabase(database);
  if (target.kind === 'postgres') {
    const { openSchemaTables } = await loadPostgres(
      () => import('./postgres/reader/stored-tables.ts'),
    );
    return openSchemaTables(target.url, schema);
  }
  const { openFileTables } = await import('./sqlite/reader/stored-tables.ts');
  return openFileTables(target.path);
}
