/**
 * Brings a database of PostgreSQL to the schema of this version, by numbered files.
 *
 * The engine's tables lie in a schema of their own; what participants' files make goes where the
 * connection's `search_path` says. All pending files run in one transaction. Never runs beside an
 * owner that has the database: it takes the owner's lock. Never goes down.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { sql, type Transaction } from 'kysely';
import { DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import type { Client } from 'pg';
import type { BackstepError } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import { type Migrations, readMigrations, unknownMigrations } from '../migration-files.ts';
import { kyselyOver, openClient } from './connection/client.ts';
import { refusedDatabase, unusableDatabase } from './connection/database-errors.ts';
import { tryOwnerLock } from './ownership/owner-lock.ts';
import { checkedSchema, DEFAULT_SCHEMA } from './schema-name.ts';

export interface PostgresMigrateOptions {
  /** Schema of the engine's tables; made where there is none. Default `backstep`. */
  readonly schema?: string;
  /** As of `MigrateOptions`. */
  readonly migrationsFolder?: string;
  /** How long to wait for an owner to leave, where something is to be run. Default 5,000. */
  readonly lockWaitMs?: number;
}

const OLDEST_VERSION = 140_000;
const DEFAULT_LOCK_WAIT_MS = 5_000;
const LOCK_POLL_MS = 100;
/** What the mark of a schema of ours says. */
const PRODUCT = 'backstep';
/** Ids and cursors are of this one; see ARCHITECTURE.md. */
const ONLY_SHARD = '0';

/**
 * Migrates a database over a connection of its own. Returns the names of the files that ran. Throws
 * `input-invalid` for a schema's name that will not do; `storage-refused`, with the cure: a version
 * that is too old, a schema that is not ours or newer, rights that are missing, an owner that stays,
 * a file that fails, would not run, or whose name is taken; `unavailable` where the server cannot be
 * reached.
 */
export async function migratePostgres(
  url: string,
  options: PostgresMigrateOptions = {},
): Promise<readonly string[]> {
  const schema = checkedSchema(options.schema ?? DEFAULT_SCHEMA);
  const migrations = await readMigrations(
    { kind: 'postgres', run: (up, db) => up(db, schema) },
    options.migrationsFolder,
  );
  let client: Client | undefined;
  try {
    client = await openClient(url, 'backstep-migrate');
    const migration = new Migration(url, client, schema, migrations);
    await migration.refuseOldServer();
    if ((await migration.pending()).length === 0) return [];
    await migration.refuseMissingRights();
    await migration.lock(options.lockWaitMs ?? DEFAULT_LOCK_WAIT_MS);
    // Another process may have run them while this one waited.
    return (await migration.pending()).length === 0 ? [] : await migration.run();
  } catch (thrown) {
    throw unusableDatabase(url, thrown);
  } finally {
    await client?.end();
  }
}

class Migration {
  readonly #url: string;
  readonly #client: Client;
  readonly #schema: string;
  readonly #migrations: Migrations;

  /** The schema as SQL names it. */
  readonly #quoted: string;

  constructor(url: string, client: Client, schema: string, migrations: Migrations) {
    this.#url = url;
    this.#client = client;
    this.#schema = schema;
    this.#quoted = `"${schema}"`;
    this.#migrations = migrations;
  }

  async refuseOldServer(): Promise<void> {
    const [[version, name] = []] = await this.#rows(
      "SELECT current_setting('server_version_num'), current_setting('server_version')",
    );
    if (Number(version) >= OLDEST_VERSION) return;
    throw this.#refused(`it is PostgreSQL ${String(name)}`, 'use PostgreSQL 14 or newer');
  }

  /** Names of the files that have not run. Throws when the schema is not ours, or newer. */
  async pending(): Promise<readonly string[]> {
    const objects = await this.#rows(
      'SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace($1)',
      this.#quoted,
    );
    if (objects.length === 0) return Object.keys(this.#migrations);
    const marks = objects.some(([name]) => name === 'marks') ? await this.#marks() : null;
    const shard = marks?.get('shard') ?? ONLY_SHARD;
    if (shard !== ONLY_SHARD) {
      const why = `its schema ${this.#quoted} is shard ${shard} of an engine`;
      throw this.#refused(why, 'start a version that knows of shards');
    }
    if (marks?.get('product') !== PRODUCT) {
      const why = `its schema ${this.#quoted} holds tables of something else`;
      throw this.#refused(why, 'name a schema of its own for the engine');
    }
    const rows = await this.#rows(`SELECT name FROM ${this.#quoted}.${DEFAULT_MIGRATION_TABLE}`);
    const ran = rows.map(([name]) => String(name));
    const unknown = unknownMigrations(this.#migrations, ran);
    if (unknown.length > 0) {
      const why = `its schema is newer than this program or from elsewhere (${unknown.join(', ')})`;
      throw this.#refused(why, 'start the version that made it, or give its migrations folder');
    }
    return Object.keys(this.#migrations).filter((name) => !ran.includes(name));
  }

  async refuseMissingRights(): Promise<void> {
    const [[isGranted, user, database] = []] = await this.#rows(
      `SELECT CASE WHEN to_regnamespace($1) IS NULL
          THEN has_database_privilege(current_database(), 'CREATE')
          ELSE has_schema_privilege(to_regnamespace($1)::oid, 'CREATE') END,
        quote_ident(current_user), quote_ident(current_database())`,
      this.#quoted,
    );
    if (isGranted === true) return;
    const role = String(user);
    const cure =
      `as an administrator run CREATE SCHEMA ${this.#quoted} AUTHORIZATION ${role}, or GRANT ` +
      `CREATE ON DATABASE ${String(database)} TO ${role}`;
    throw this.#refused(`the role ${role} may not make the engine's tables there`, cure);
  }

  /** Polls: whoever waits inside the server for the lock stops its clearing up meanwhile. */
  async lock(waitMs: number): Promise<void> {
    const lastTryMs = performance.now() + waitMs;
    for (;;) {
      const [[isMine] = []] = await this.#rows(tryOwnerLock(this.#schema));
      if (isMine === true) return;
      if (performance.now() >= lastTryMs) break;
      await pause(LOCK_POLL_MS);
      if ((await this.pending()).length === 0) return;
    }
    const why = 'a process owns it that runs on the schema of an earlier version';
    throw this.#refused(why, 'stop that one first; migrations never run beside an engine');
  }

  async run(): Promise<readonly string[]> {
    const db = kyselyOver(this.#client);
    try {
      return await db.transaction().execute((all) => this.#runIn(all));
    } finally {
      await db.destroy();
    }
  }

  // Schema and bookkeeping too: what stands in a schema is whole.
  async #runIn(db: Transaction<unknown>): Promise<readonly string[]> {
    const [[isThere] = []] = await this.#rows(
      'SELECT to_regnamespace($1) IS NOT NULL',
      this.#quoted,
    );
    if (isThere !== true) await sql`CREATE SCHEMA ${sql.id(this.#schema)}`.execute(db);
    const migrator = new Migrator({
      db,
      provider: { getMigrations: () => Promise.resolve({ ...this.#migrations }) },
      migrationTableSchema: this.#schema,
      // A later file of the engine may sort before one of a participant that ran long ago.
      allowUnorderedMigrations: true,
    });
    const { error, results = [] } = await migrator.migrateToLatest();
    if (error !== undefined) {
      const failed = results.find((result) => result.status === 'Error')?.migrationName;
      const what = failed === undefined ? 'the migrations' : `migration ${failed}`;
      const why = `${what} failed: ${toFailure(error).message}`;
      throw this.#refused(why, 'nothing was changed', error);
    }
    return results.map((result) => result.migrationName);
  }

  async #marks(): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#rows(`SELECT name, value FROM ${this.#quoted}.marks`);
    return new Map(rows.map(([name, value]) => [String(name), String(value)] as const));
  }

  async #rows(
    text: string,
    ...parameters: readonly string[]
  ): Promise<readonly (readonly unknown[])[]> {
    const query = { text, values: [...parameters], rowMode: 'array' as const };
    return (await this.#client.query<unknown[]>(query)).rows;
  }

  #refused(why: string, cure: string, cause?: unknown): BackstepError {
    return refusedDatabase(this.#url, why, cure, cause);
  }
}
