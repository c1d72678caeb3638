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
import type { Migration } from 'kysely/migration';
import type { TableNames } from '../table-names.ts';
import { refused } from './database-file.ts';

/** Beside `src` or, published, beside its build. */
const ENGINE_FOLDER = fileURLToPath(new URL('../../../migrations/engine', import.meta.url));
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

/** Migrations by name. */
export type Migrations = Readonly<Record<string, Migration>>;

/**
 * The engine's migrations, over tables called as here, and those of `folder`, which are left as
 * they are. Throws `storage-refused` for a folder that cannot
 * be read, and for a file that would not run or whose name is taken.
 */
export async function readMigrations(
  folder: string | undefined,
  names: TableNames,
): Promise<Migrations> {
  const migrations: Record<string, Migration> = {};
  for (const [name, path] of await listMigrations(folder)) {
    const loaded: unknown = await import(/* @vite-ignore */ pathToFileURL(path).href);
    if (!isMigration(loaded)) {
      throw refused(path, 'it exports no function `up`', 'export one, or move the file away');
    }
    migrations[name] = dirname(path) === ENGINE_FOLDER ? renamed(loaded, names) : loaded;
  }
  return migrations;
}

/** A migration of the engine, over tables that are called as here. */
function renamed({ up }: Migration, names: TableNames): Migration {
  return { up: (db) => up(names.inMigrations(db)) };
}

/** Path by name. Throws as `readMigrations`, before anything is loaded or opened. */
export async function listMigrations(
  folder: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const engine = await listFolder(ENGINE_FOLDER);
  const own = folder === undefined ? new Map<string, string>() : await listFolder(folder);
  for (const [name, path] of own) {
    if (!engine.has(name)) continue;
    throw refused(path, 'the engine has a migration of this name', 'give it another one');
  }
  return new Map([...engine, ...own]);
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

function isMigration(loaded: unknown): loaded is Migration {
  return (
    typeof loaded === 'object' && loaded !== null && typeof Reflect.get(loaded, 'up') === 'function'
  );
}
