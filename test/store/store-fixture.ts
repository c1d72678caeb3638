/**
 * A store on a real file in a folder of its own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { openStore, type FileStoreOptions } from '../../src/store/sqlite/open-store.ts';
import type { Store, StoreHealth } from '../../src/store/store.ts';

export { startOf, turnOf } from './saga-commits.ts';

/** A path for a database in a fresh folder that goes when the test ends. */
export function temporaryDatabase(): string {
  return join(temporaryFolder(), 'saga.db');
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'backstep-store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A store that is closed when the test ends. */
export async function openTestStore(options: Partial<FileStoreOptions> = {}): Promise<Store> {
  const store = await openStore({
    path: options.path ?? temporaryDatabase(),
    lockWaitMs: 0,
    firstRetryDelayMs: 5,
    maxRetryDelayMs: 20,
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}

/** A connection beside the store's own, as another program has one. */
export function connect(path: string): Database.Database {
  const db = new Database(path, { timeout: 2_000 });
  onTestFinished(() => void db.close());
  return db;
}

/** Why the store cannot write; empty while it can. */
export function reasonOf(store: Store): string {
  const health = store.health();
  return health.kind === 'ready' ? '' : health.reason;
}

/** Resolves when the store's health is of this kind. */
export function untilHealth(store: Store, kind: StoreHealth['kind']): Promise<StoreHealth> {
  const { promise, resolve } = Promise.withResolvers<StoreHealth>();
  const stop = store.onHealth((health) => {
    if (health.kind === kind) resolve(health);
  });
  if (store.health().kind === kind) resolve(store.health());
  return promise.finally(stop);
}
