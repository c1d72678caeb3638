/**
 * Opens the store that a database asks for: over a file, or over a PostgreSQL server.
 *
 * Each is loaded when it is opened, and the driver of the other never is.
 */
import {
  type DatabaseAddress,
  type DatabaseTarget,
  readDatabase,
} from '../core/database-target.ts';
import { BackstepError } from '../core/errors.ts';
import { loadWithPackage } from '../core/missing-package.ts';
import type { FileStoreOptions } from './sqlite/open-store.ts';
import type { TakeOverOptions } from './postgres/ownership/timings.ts';
import type { Store } from './store.ts';

/** What a store is opened with, whatever the database. */
export interface OpenStoreOptions extends Omit<FileStoreOptions, 'path'> {
  /**
   * Path of the database file, created when it is not there, its folder must exist; or the URL of a
   * PostgreSQL database, `postgres://user:password@host:5432/name`, as pg takes it.
   */
  readonly database: DatabaseAddress;
  /**
   * PostgreSQL: the schema of the engine's tables, made when it is not there. Default `backstep`.
   */
  readonly schema?: string;
  /**
   * PostgreSQL: what people call this process, where standbys and pages say who owns the database; 1
   * to 255 characters. Default: the name of the machine and the number of the process.
   */
  readonly label?: string;
  /** PostgreSQL: how soon a standby takes over. Default: see each. */
  readonly takeOver?: TakeOverOptions;
  /** Hears of what a person should look at, such as clocks that differ. Default: nothing. */
  readonly onWarning?: (text: string) => void;
}

/** Options that mean something for one kind of database only, and what that one is. */
const FOR_ONE_KIND = {
  schema: { kind: 'postgres', instead: 'a file has a tablePrefix' },
  label: { kind: 'postgres', instead: 'a file has one process' },
  takeOver: { kind: 'postgres', instead: 'a file has one process' },
  tablePrefix: { kind: 'file', instead: 'PostgreSQL has a schema' },
  maxPages: { kind: 'file', instead: 'the server bounds its disk' },
} as const;

/**
 * Loads what opens such a database. Throws `input-invalid` for one that is none, and for an option
 * that means nothing for it; `storage-refused` when the package `pg` is not installed.
 */
export async function loadStore(
  options: OpenStoreOptions,
): Promise<(nowMs: () => number) => Promise<Store>> {
  const { database, ...more } = options;
  const target = readDatabase(database);
  refuseOptions(target, 'openBackstep', more);
  if (target.kind === 'file') {
    const { openStore } = await import('./sqlite/open-store.ts');
    return (nowMs) => openStore({ ...more, path: target.path, nowMs });
  }
  const { openPostgresStore } = await loadPostgres(() => import('./postgres/open-store.ts'));
  return (nowMs) => openPostgresStore({ ...more, target, nowMs });
}

/**
 * Loads a module that needs the driver of PostgreSQL, which comes with the user's program. Throws
 * `storage-refused` where it did not.
 */
export function loadPostgres<Module>(load: () => Promise<Module>): Promise<Module> {
  return loadWithPackage(load, { by: 'PostgreSQL', name: 'pg' });
}

/** Throws `input-invalid` for an option that means nothing for the database. */
export function refuseOptions({ kind }: DatabaseTarget, at: string, options: object): void {
  for (const [name, only] of Object.entries(FOR_ONE_KIND)) {
    if (kind === only.kind || Reflect.get(options, name) === undefined) continue;
    const message = `${at}: ${name} means nothing for this database: ${only.instead}`;
    throw new BackstepError('input-invalid', message);
  }
}
