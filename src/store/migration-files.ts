/**
 * The numbered files that make a schema: the engine's own, and those of a folder that is given.
 *
 * Invariant: a file that is meant as a migration runs or is refused. None is passed over for its
 * name, because a table that is missing shows only when the first statement fails.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { BackstepError } from '../core/errors.ts';

/** Beside `src` or, published, beside its build. */
const ENGINE_FOLDERS = {
  sqlite: fileURLToPath(new URL('../../migrations/engine', import.meta.url)),
  postgres: fileURLToPath(new URL('../../migrations/postgres', import.meta.url)),
} as const;
const MIGRATION_FILE = /^(\d{4}-[a-z0-9-]+)\.(?:ts|js)$/;
/** What a compiler writes beside a file, and what people write for each other. */
const BESIDE = /\.d\.[cm]?ts$|\.map$|\.(?:md|txt)$|^\./;
/** Counted like a migration, or program text of any kind. */
const MEANT = /^\d|\.(?:[cm]?[jt]sx?|sql)$/;

/**
 * Migrations that version 0.1 ran in every database, the tables of its demo: who opens such a file
 * without the demo's folder has not lost them. Never grows.
 */
const FORMERLY_RUN = ['0002-order-demo', '0004-trip-demo', '0007-onboarding-demo', '0008-lab'];

/**
 * The database that a migration runs in, its second argument: `up(db, kind)`. What they say
 * differently, such as the type of a column that counts up, a file decides by it.
 */
export type DatabaseKind = 'sqlite' | 'postgres';

/** Migrations by name. */
export type Migrations = Readonly<Record<string, Migration>>;

/** What a file exports. The second argument is a `DatabaseKind`, unless the file is the engine's. */
export type Up = (db: Kysely<unknown>, argument: string) => Promise<void>;

/** Which files of the engine's are meant, and how they are run. */
export interface EngineMigrations {
  readonly kind: DatabaseKind;
  /** Runs `up` of one of the engine's files over tables that are called as here. */
  run(up: Up, db: Kysely<unknown>): Promise<void>;
}

/**
 * The engine's migrations and those of `folder`, which are left as they are. Throws
 * `storage-refused` for a folder that cannot be read, and for a file that would not run or whose
 * name is taken.
 */
export async function readMigrations(
  engine: EngineMigrations,
  folder: string | undefined,
): Promise<Migrations> {
  const migrations: Record<string, Migration> = {};
  for (const [name, path] of await listMigrations(engine.kind, folder)) {
    const loaded: unknown = await import(/* @vite-ignore */ pathToFileURL(path).href);
    if (!isMigration(loaded)) {
      throw refused(path, 'it exports no function `up`', 'export one, or move the file away');
    }
    const isEngines = dirname(path) === ENGINE_FOLDERS[engine.kind];
    const { up } = loaded;
    migrations[name] = {
      up: (db) => (isEngines ? engine.run(up, db) : up(db, engine.kind)),
    };
  }
  return migrations;
}

/** Path by name. Throws as `readMigrations`, before anything is loaded or opened. */
export async function listMigrations(
  kind: DatabaseKind,
  folder: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const engine = await listFolder(ENGINE_FOLDERS[kind]);
  const own = folder === undefined ? new Map<string, string>() : await listFolder(folder);
  for (const [name, path] of own) {
    if (!engine.has(name)) continue;
    throw refused(path, 'the engine has a migration of this name', 'give it another one');
  }
  return new Map([...engine, ...own]);
}

/** Names of those that ran and that nobody knows here: the schema is newer, or from elsewhere. */
export function unknownMigrations(
  migrations: Migrations,
  ran: readonly string[],
): readonly string[] {
  return ran.filter((name) => !(name in migrations));
}

/** `migrations`, with those that version 0.1 ran here and that nobody brings any more. */
export function withFormerlyRun(migrations: Migrations, ran: readonly string[]): Migrations {
  const formerly = FORMERLY_RUN.filter((name) => ran.includes(name) && !(name in migrations));
  return { ...Object.fromEntries(formerly.map((name) => [name, HAS_RUN])), ...migrations };
}

const HAS_RUN: Migration = {
  up: () => Promise.reject(new Error('it ran long ago and is never run again')),
};

async function listFolder(folder: string): Promise<ReadonlyMap<string, string>> {
  const paths = new Map<string, string>();
  const entries = await entriesOf(folder);
  for (const entry of entries) {
    const path = join(folder, entry.name);
    const name = entry.isDirectory() ? undefined : MIGRATION_FILE.exec(entry.name)?.[1];
    if (name !== undefined) {
      if (paths.has(name)) {
        throw refused(path, 'there are two migrations of this name', 'move one of them away');
      }
      paths.set(name, path);
    } else if (MEANT.test(entry.name) && !BESIDE.test(entry.name)) {
      const cure = 'name it such as 0100-seats.ts, or move it away';
      throw refused(path, 'it stands among the migrations and would not run', cure);
    }
  }
  if (paths.size === 0 && entries.some((entry) => entry.isDirectory())) {
    throw refused(folder, 'no migration is in it, only folders', 'give the folder they are in');
  }
  return paths;
}

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch (thrown) {
    throw refused(folder, 'the migrations cannot be read', 'give the folder they are in', thrown);
  }
}

function refused(path: string, why: string, cure: string, cause?: unknown): BackstepError {
  return new BackstepError('storage-refused', `${path}: ${why}; ${cure}`, { cause });
}

function isMigration(loaded: unknown): loaded is { readonly up: Up } {
  return (
    typeof loaded === 'object' && loaded !== null && typeof Reflect.get(loaded, 'up') === 'function'
  );
}
