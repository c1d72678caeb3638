/**
 * The stores that are to keep the same promises, and a fresh database of each for a test.
 */
import { describe, onTestFinished } from 'vitest';
import type { StoredSagas } from '../../../src/store/as-stored.ts';
import { memoryDatabases } from '../../../src/store/sqlite/memory-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { openStoredSagas } from '../../../src/store/stored-sagas.ts';
import { describeOnPostgres } from '../../postgres/databases.ts';
import { postgresStoreDatabase } from '../../postgres/postgres-store.ts';
import { connect, openTestStore, temporaryDatabase } from '../store-fixture.ts';

/** A database that stores are opened on, one after the other. */
export interface StoreDatabase {
  /** A store that owns it, closed when the test ends. */
  open(): Promise<Store>;
  /** Runs statements beside the stores, one after the other. */
  exec(...statements: readonly string[]): Promise<void>;
  /** All that is in it, as it is looked at from outside. Whoever opens it closes it. */
  stored(): Promise<StoredSagas>;
}

export interface StoreKind {
  readonly name: string;
  readonly describe: (name: string, tests: () => void) => void;
  /** False: what is handed over in one turn of the event loop is written there and then. */
  readonly hasQueue: boolean;
  database(): Promise<StoreDatabase>;
  /** Statements of a participant that must be rejected: why, SQL, parameters. */
  readonly bad: readonly (readonly [why: string, sql: string, parameters: readonly unknown[]])[];
  /** The inbox as other programs name it. */
  readonly inbox: string;
  /** The engine's table of sagas, for SQL beside a store. */
  readonly sagas: string;
  /** With the placeholders of that database instead of `?`. */
  placeholders(sql: string): string;
}

export const SQLITE: StoreKind = {
  name: 'SQLite',
  describe,
  hasQueue: true,
  async database() {
    const path = temporaryDatabase();
    return {
      open: () => openTestStore({ path }),
      exec: async (...statements) => void connect(path).exec(statements.join(';')),
      stored: () => openStoredSagas({ database: path }),
    };
  },
  bad: [
    ['breaks a constraint', "INSERT INTO items VALUES ('pen', 1)", []],
    ['has no table', 'UPDATE nothing SET a = 1', []],
    ['rolls the transaction back', "INSERT OR ROLLBACK INTO items VALUES ('pen', 1)", []],
    ['ends the transaction', 'COMMIT', []],
    ['changes the connection', 'PRAGMA synchronous = OFF', []],
    ['binds what SQLite does not know', 'DELETE FROM items WHERE name = ?', [{ a: 1 }]],
    ['binds what cannot be sent', 'DELETE FROM items WHERE name = ?', [() => 1]],
  ],
  inbox: 'inbox',
  sagas: 'sagas',
  placeholders: (sql) => sql,
};

/**
 * In one thread, as tests of users have it: that threads are told the prefix is tried by
 * `sqlite/table-prefix.test.ts`, and here every statement is.
 */
const IN_MEMORY_WITH_PREFIX: StoreKind = {
  ...SQLITE,
  name: 'SQLite in memory, with a prefix',
  hasQueue: false,
  inbox: 'backstep_inbox',
  sagas: 'backstep_sagas',
  async database() {
    makeMemory ??= memoryDatabases(undefined, 'backstep_');
    const memory = (await makeMemory)();
    onTestFinished(() => memory.close());
    const program = memory.openStandby();
    return {
      async open() {
        const store = memory.open();
        onTestFinished(() => store.close());
        return store;
      },
      async exec(...statements) {
        for (const sql of statements) await program.outside({ sql, parameters: [] });
      },
      stored: async () => ({ ...memory.stored, close: async () => {} }),
    };
  },
};

let makeMemory: ReturnType<typeof memoryDatabases> | undefined;

export const POSTGRES: StoreKind = {
  name: 'PostgreSQL',
  describe: describeOnPostgres,
  hasQueue: true,
  async database() {
    const database = await postgresStoreDatabase();
    return {
      async open() {
        const store = database.open();
        await store.own();
        return store;
      },
      exec: (...statements) => database.exec(statements.join(';')),
      stored: () => openStoredSagas({ database: database.url }),
    };
  },
  bad: [
    ['breaks a constraint', "INSERT INTO items VALUES ('pen', 1)", []],
    ['breaks a constraint that waits for the commit', 'INSERT INTO bags VALUES (77)', []],
    ['has no table', 'UPDATE nothing SET a = 1', []],
    ['ends the transaction', 'COMMIT', []],
    ['ends it behind another', 'DELETE FROM items; COMMIT', []],
    ['changes the connection', 'SET synchronous_commit = off', []],
    ['binds text with a NUL', 'DELETE FROM items WHERE name = $1', ['a\0']],
    ['binds what is no number', 'DELETE FROM items WHERE amount = $1', ['many']],
    ['binds too few', 'DELETE FROM items WHERE name = $1', []],
    ['binds what cannot be sent', 'DELETE FROM items WHERE name = $1', [() => 1]],
  ],
  inbox: 'backstep.inbox',
  sagas: 'backstep.sagas',
  placeholders(sql) {
    let count = 0;
    return sql.replaceAll('?', () => `$${(count += 1)}`);
  },
};

export const STORES: readonly StoreKind[] = [SQLITE, IN_MEMORY_WITH_PREFIX, POSTGRES];

/** A table of a participant. */
export const ITEMS = 'CREATE TABLE items (name TEXT PRIMARY KEY, amount INTEGER)';

/** A database that has been owned, and participants' tables in it: two pens, no ink. */
export async function databaseWithItems(kind: StoreKind): Promise<StoreDatabase> {
  const database = await kind.database();
  await (await database.open()).close();
  await database.exec(
    ITEMS,
    "INSERT INTO items VALUES ('pen', 2), ('ink', 0)",
    'CREATE TABLE boxes (id INTEGER PRIMARY KEY)',
    'CREATE TABLE bags (box INTEGER REFERENCES boxes DEFERRABLE INITIALLY DEFERRED)',
  );
  return database;
}

/** What is left of the pens and of the ink. */
export async function amountsIn(store: Store): Promise<readonly number[]> {
  const items = store.reader<{ items: { name: string; amount: number } }>().selectFrom('items');
  const rows = await items.select('amount').orderBy('name', 'desc').execute();
  return rows.map((row) => row.amount);
}
