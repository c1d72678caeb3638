/**
 * A database that nobody else runs sagas on while they are taken out of it, or put into it.
 *
 * Invariant: no saga moves here meanwhile, because its owner is this process, which runs none.
 */
import { existsSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type DatabaseTarget, readDatabase, shownDatabase } from '../../core/database-target.ts';
import { BackstepError } from '../../core/errors.ts';
import { loadStore, type OpenStoreOptions } from '../../store/open-store.ts';
import { createMoveReads, type MoveReads } from '../../store/queries/moves.ts';
import { isDatabaseThere, openStoredSagas } from '../../store/stored-sagas.ts';
import type { Ownership, Store } from '../../store/store.ts';

/** Which database sagas leave or come to. */
export type MoveDatabase = Pick<
  OpenStoreOptions,
  'database' | 'schema' | 'tablePrefix' | 'migrationsFolder' | 'lockWaitMs'
>;

/** It, opened. */
export interface OwnedStore {
  readonly store: Store;
  readonly ownership: Ownership;
  readonly reads: MoveReads;
  /** As people may see it. */
  readonly name: string;
  /** The same so that it is known again, on this machine at least. */
  readonly fullName: string;
  /** The next owner must not take for granted that nothing had ended by a crash. */
  cameUnclean(): void;
}

/** Where another process owns it a person is to end that first. */
const DEFAULT_LOCK_WAIT_MS = 1_000;

/** What the work does to a database. */
export interface Use {
  /** It is made where there is none. */
  readonly isMade: boolean;
  /** Nothing is written, made or migrated: one that is not there is taken for an empty one. */
  readonly isTrial: boolean;
}

/**
 * Opens a database, works, and closes it as it was left before. Throws `storage-refused` where
 * somebody owns it, or where its sagas run elsewhere, and what opening it throws.
 */
export async function withOwnedStore<Result>(
  database: MoveDatabase,
  { isMade, isTrial }: Use,
  work: (owned: OwnedStore) => Promise<Result>,
): Promise<Result> {
  const name = shownDatabase(database.database);
  const target = readDatabase(database.database);
  const names = { name, fullName: fullNameOf(target, name, database.schema) };
  if (!(await isDatabaseThere(database))) {
    const isFile = target.kind === 'file';
    const why = isFile ? 'there is no such file' : 'it has no tables of Backstep in that schema';
    if (!isMade)
      throw refused(name, why, `check the ${isFile ? 'path' : 'database and the schema'}`);
    if (isTrial) return inEmptyStore(target, names, work);
  } else if (isTrial) {
    // One of an older version is refused, where opening it would bring it up to date.
    await (await openStoredSagas(database)).close();
  }
  return inStore(database, names, work);
}

/** How a database is called. */
type Names = Pick<OwnedStore, 'name' | 'fullName'>;

/** In the place of a database that would be made. */
async function inEmptyStore<Result>(
  target: DatabaseTarget,
  names: Names,
  work: (owned: OwnedStore) => Promise<Result>,
): Promise<Result> {
  const folder = target.kind === 'file' ? dirname(resolve(target.path)) : null;
  if (folder !== null && !existsSync(folder)) {
    throw refused(names.name, `there is no folder ${folder}`, 'make it first');
  }
  const trial = await mkdtemp(join(tmpdir(), 'backstep-trial-'));
  try {
    return await inStore({ database: join(trial, 'empty.db') }, names, work);
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function inStore<Result>(
  { lockWaitMs = DEFAULT_LOCK_WAIT_MS, ...database }: MoveDatabase,
  { name, fullName }: Names,
  work: (owned: OwnedStore) => Promise<Result>,
): Promise<Result> {
  const open = await loadStore({ ...database, lockWaitMs });
  const store = await open(Date.now);
  let isClean = false;
  try {
    const health = store.health();
    if (health.kind === 'standby') {
      const who = health.owner ?? 'another process';
      throw refused(name, `${who} owns this database`, 'stop it, and those that stand by');
    }
    const ownership = await store.own();
    // Where there was never a saga none was under way.
    isClean = ownership.wasLeftClean || ownership.lastSid === 0;
    const reads = createMoveReads(store.tables());
    if (await store.upkeep.isProjection()) {
      const why = 'it shows sagas that run on Restate, which keeps them';
      throw refused(name, why, 'name Restate in its place');
    }
    const cameUnclean = (): void => void (isClean = false);
    return await work({ store, ownership, reads, name, fullName, cameUnclean });
  } finally {
    await store.close(isClean);
  }
}

function fullNameOf(target: DatabaseTarget, name: string, schema: string | undefined): string {
  if (target.kind === 'file') return realPathOf(target.path);
  return schema === undefined ? name : `${name}, schema ${schema}`;
}

/** Of a file that is to be made as well. */
function realPathOf(path: string): string {
  const full = resolve(path);
  if (existsSync(full)) return realpathSync(full);
  const folder = dirname(full);
  return existsSync(folder) ? join(realpathSync(folder), basename(full)) : full;
}

function refused(name: string, why: string, cure: string): BackstepError {
  return new BackstepError('storage-refused', `${name}: ${why}; ${cure}`);
}
