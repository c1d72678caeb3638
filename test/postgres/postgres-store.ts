/**
 * Stores over the PostgreSQL writer, on databases of tests.
 */
import { onTestFinished } from 'vitest';
import { migratePostgres } from '../../src/store/postgres/migrate.ts';
import type { Store } from '../../src/store/store.ts';
import { connectTo, migratedDatabase, type TestDatabase } from './databases.ts';
import { openPostgresStoreHere, type WriterStoreOptions } from './writer-store.ts';

export interface PostgresStoreDatabase extends TestDatabase {
  /** Does not wait until it owns the database. */
  open(options?: OpenOptions): Store;
  exec(sql: string): Promise<void>;
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export interface OpenOptions extends WriterStoreOptions {
  /** Another way to the same database. */
  readonly url?: string;
}

/** A migrated database that goes when the test ends. */
export async function postgresStoreDatabase(): Promise<PostgresStoreDatabase> {
  const database = await migratedDatabase();
  const client = await connectTo(database.url);
  return {
    ...database,
    open({ url = database.url, ...options } = {}) {
      const store = openPostgresStoreHere(url, options);
      onTestFinished(() => store.close());
      return store;
    },
    exec: async (text) => void (await client.query(text)),
    query: async (text) => (await client.query({ text, rowMode: 'array' })).rows,
  };
}

/** A store over a database that is migrated first; closed when the test ends. */
export async function openPostgresStore(
  url: string,
  options: WriterStoreOptions = {},
): Promise<Store> {
  await migratePostgres(url);
  const store = openPostgresStoreHere(url, options);
  onTestFinished(() => store.close());
  return store;
}
