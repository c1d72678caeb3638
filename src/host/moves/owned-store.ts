/**
 * A database that nobody else runs sagas on while they are taken out of it, or put into it.
 *
 * Invariant: no saga moves here meanwhile, because its owner is this process, which runs none.
 */
import { existsSync, realpathSync } from 'node:fs';
import { type DatabaseTarget, readDatabase, shownDatabase } from '../../core/database-target.ts';
import { BackstepError } from '../../core/errors.ts';
import { loadStore, type OpenStoreOptions } from '../../store/open-store.ts';
import { createMoveReads, type MoveReads } from '../../store/queries/moves.ts';
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

/**
 * Opens a database, works, and closes it as it was left before. Throws `storage-refused` where
 * somebody owns it, or where its sagas run elsewhere, and what opening it throws.
 *
 * @param isMade a file is made where there is none
 */
export async function withOwnedStore<Result>(
  { lockWaitMs = DEFAULT_LOCK_WAIT_MS, ...database }: MoveDatabase,
  isMade: boolean,
  work: (owned: OwnedStore) => Promise<Result>,
): Promise<Result> {
  const name = shownDatabase(database.database);
  const target = readDatabase(database.database);
  if (!isMade && target.kind === 'file' && !existsSync(target.path)) {
    throw refused(name, 'there is no such file', 'check the path');
  }
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
    isClean = ownership.wasLeftClean;
    const reads = createMoveReads(store.tables());
    if (await store.upkeep.isProjection()) {
      const why = 'it shows sagas that run on Restate, which keeps them';
      throw refused(name, why, 'name Restate in its place');
    }
    const cameUnclean = (): void => void (isClean = false);
    const fullName = fullNameOf(target, name, database.schema);
    return await work({ store, ownership, reads, name, fullName, cameUnclean });
  } finally {
    await store.close(isClean);
  }
}

function fullNameOf(target: DatabaseTarget, name: string, schema: string | undefined): string {
  if (target.kind === 'file') return realpathSync(target.path);
  return schema === undefined ? name : `${name}, schema ${schema}`;
}

function refused(name: string, why: string, cure: string): BackstepError {
  return new BackstepError('storage-refused', `${name}: ${why}; ${cure}`);
}
