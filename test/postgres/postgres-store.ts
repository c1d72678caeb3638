/**
 * Stores over the PostgreSQL writer, on databases of tests.
 */
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { onTestFinished } from 'vitest';
import { up } from '../../migrations/postgres/0001-engine.ts';
import type { Store } from '../../src/store/store.ts';
import { connectTo, postgresDatabase, type TestDatabase } from './databases.ts';
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
  const database = await postgresDatabase();
  await migrate(database.url);
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
  await migrate(url);
  const store = openPostgresStoreHere(url, options);
  onTestFinished(() => store.close());
  return store;
}

async function migrate(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  try {
    await sql`CREATE SCHEMA backstep`.execute(db);
    await up(db, 'backstep');
  } finally {
    await db.destroy();
  }
}
