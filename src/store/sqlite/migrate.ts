/**
 * Brings a database to the schema of this version, by numbered files.
 *
 * All pending files run in one transaction: after a crash or a failing file the schema is the one
 * before. Never runs beside an engine: the caller holds the owner's lock. Never goes down.
 */
import Database from 'better-sqlite3';
import {
  type DatabaseConnection,
  Kysely,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
} from 'kysely';
import { DEFAULT_MIGRATION_LOCK_TABLE, DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { withPrefix } from '../table-names.ts';
import { APPLICATION_ID, openForWriting, refused, unusable } from './database-file.ts';
import { refuseOtherPrefix } from './found-prefix.ts';
import {
  type Migrations,
  readMigrations,
  unknownMigrations,
  withFormerlyRun,
} from '../migration-files.ts';

const MIGRATION_BUSY_WAIT_MS = 5_000;

/**
 * Migrates a file for a caller that holds its lock and knows its real path. Gives the names of what
 * ran. Throws as `migrateDatabase`.
 */
export async function applyMigrations(
  realPath: string,
  migrationsFolder: string | undefined,
  tablePrefix: string,
): Promise<readonly string[]> {
  const migrations = await readAll(migrationsFolder, tablePrefix);
  const database = openForWriting(realPath, MIGRATION_BUSY_WAIT_MS);
  database.pragma('synchronous = FULL');
  return migrateAndClose(realPath, database, tablePrefix, migrations);
}

/** The bytes of an empty database with the schema of this version. */
export async function emptyDatabase(
  migrationsFolder: string | undefined,
  tablePrefix: string,
): Promise<Buffer> {
  const migrations = await readAll(migrationsFolder, tablePrefix);
  const database = new Database(':memory:');
  database.pragma(`application_id = ${APPLICATION_ID}`);
  const bytes: Buffer[] = [];
  const keep = (): void => void bytes.push(database.serialize());
  await migrateAndClose(':memory:', database, tablePrefix, migrations, keep);
  return Buffer.concat(bytes);
}

function readAll(folder: string | undefined, tablePrefix: string): Promise<Migrations> {
  const names = withPrefix(tablePrefix);
  return readMigrations(
    { kind: 'sqlite', run: (up, db) => up(names.inMigrations(db), 'sqlite') },
    folder,
  );
}

async function migrateAndClose(
  path: string,
  database: Database.Database,
  tablePrefix: string,
  migrations: Migrations,
  beforeClose: () => void = () => {},
): Promise<readonly string[]> {
  database.pragma('foreign_keys = OFF');
  const db = new Kysely<unknown>({ dialect: new TransactionalDdlDialect(database) });
  try {
    refuseOtherPrefix(path, database, tablePrefix);
    const ran = namesOfRun(database, tablePrefix + DEFAULT_MIGRATION_TABLE);
    const known = withFormerlyRun(migrations, ran);
    refuseNewer(path, ran, known);
    const names = await runPending(path, db, tablePrefix, known);
    beforeClose();
    return names;
  } catch (thrown) {
    if (!(thrown instanceof Database.SqliteError)) throw thrown;
    throw unusable(path, thrown, 'restore it from a backup');
  } finally {
    await db.destroy();
    // Kysely closes only what it has used, and a refused file was not used by it.
    database.close();
  }
}

/** SQLite has transactional DDL; Kysely's adapter says no, and would wrap nothing. */
class TransactionalDdlAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalDdlDialect extends SqliteDialect {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  override createAdapter(): SqliteAdapter {
    return new TransactionalDdlAdapter();
  }

  override createDriver(): SqliteDriver {
    return new RollbackOnceDriver(this.#database);
  }
}

/**
 * After a full disk or an I/O error SQLite has rolled back by itself: a second one would fail, and
 * its error would stand in the place of the one that matters.
 */
class RollbackOnceDriver extends SqliteDriver {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#database.inTransaction) await super.rollbackTransaction(connection);
  }
}

/** Names of the migrations that this database has seen. */
function namesOfRun(db: Database.Database, table: string): readonly string[] {
  const found = db
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
    .get(table);
  if (found === undefined) return [];
  const names = db.prepare(`SELECT name FROM ${table} ORDER BY name`).pluck();
  return names.all().map(String);
}

function refuseNewer(path: string, ran: readonly string[], known: Migrations): void {
  const unknown = unknownMigrations(known, ran);
  if (unknown.length === 0) return;
  const why = `its schema is newer than this program or from elsewhere (${unknown.join(', ')})`;
  throw refused(path, why, 'start the version that made it, or give its migrations folder');
}

async function runPending(
  path: string,
  db: Kysely<unknown>,
  tablePrefix: string,
  migrations: Migrations,
): Promise<readonly string[]> {
  const migrator = new Migrator({
    db,
    migrationTableName: tablePrefix + DEFAULT_MIGRATION_TABLE,
    migrationLockTableName: tablePrefix + DEFAULT_MIGRATION_LOCK_TABLE,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    // A later file of the engine may sort before one of a participant that ran long ago.
    allowUnorderedMigrations: true,
  });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find((result) => result.status === 'Error')?.migrationName;
    const what = failed === undefined ? 'the migrations' : `migration ${failed}`;
    throw unusable(path, error, 'nothing was changed', `${what} failed: `);
  }
  return results.map((result) => result.migrationName);
}
