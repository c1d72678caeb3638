/**
 * Opens the store: takes the lock, migrates, starts the writer and the readers; and closes it all
 * in the opposite order.
 *
 * Invariant: from the moment `openStore` resolves until `close` does, no other Backstep process
 * writes this file.
 */
import { dirname } from 'node:path';
import type { Kysely } from 'kysely';
import { BackstepError } from '../../core/errors.ts';
import { BatchQueue } from '../batch-queue.ts';
import { removeLeftovers } from './backup/part.ts';
import { resolveDatabaseFile } from './database-file.ts';
import { createEngineReads } from '../queries/engine-reads.ts';
import { applyMigrations } from './migrate.ts';
import { listMigrations } from '../migration-files.ts';
import { acquireOwnerLock, DEFAULT_LOCK_WAIT_MS, type OwnerLock } from './ownership/owner-lock.ts';
import { READ_TIME_LIMIT_MS } from '../read-limits.ts';
import { Reader } from './reader/reader.ts';
import type { EngineTables } from '../schema.ts';
import type { Store } from '../store.ts';
import { checkedPrefix } from '../sql-names.ts';
import { withPrefix } from '../table-names.ts';
import { createReadOnlyKysely } from './reader/worker-dialect.ts';
import { startWriterThread } from './writer/writer-thread.ts';

export interface FileStoreOptions {
  /** The database file; created where there is none. */
  readonly path: string;
  /** Folder of participants' migrations, see `MigrateOptions`. Default: none. */
  readonly migrationsFolder?: string;
  /**
   * What the names of the engine's tables begin with, such as `backstep_`, where participants have
   * tables called `audit` or `outbox`: at most 32 of a-z, 0-9 and _, a letter first. It stays the
   * same for the life of a database. The owner's lock is per file, so two engines in one file are
   * not made possible by it. Default: nothing.
   */
  readonly tablePrefix?: string;
  /** How long to wait for the owner before us to leave. Default 5,000. */
  readonly lockWaitMs?: number;
  /** How long one read may take. Default 2,000. */
  readonly readTimeLimitMs?: number;
  /** Upper bound of the file, in units of 8 KiB; at it the store stalls as on a full disk. */
  readonly maxPages?: number;
  /** Delay before a stalled batch is tried again; doubles up to the maximum. Default 50. */
  readonly firstRetryDelayMs?: number;
  /** Default 2,000. */
  readonly maxRetryDelayMs?: number;
  /** Milliseconds since 1970; for `health().sinceMs`. Default `Date.now`. */
  readonly nowMs?: () => number;
}

const DEFAULT_FIRST_RETRY_DELAY_MS = 50;
const DEFAULT_MAX_RETRY_DELAY_MS = 2_000;

/**
 * Opens one database. Throws `storage-refused`, with the path and the cure, for what a person must
 * mend, and `unavailable` for a fault of the disk that may pass.
 */
export async function openStore(options: FileStoreOptions): Promise<Store> {
  const tablePrefix = checkedPrefix(options.tablePrefix ?? '');
  await listMigrations('sqlite', options.migrationsFolder);
  const realPath = resolveDatabaseFile(options.path);
  const lock = await acquireOwnerLock(realPath, options.lockWaitMs ?? DEFAULT_LOCK_WAIT_MS);
  let queue: BatchQueue | undefined;
  try {
    removeLeftovers(dirname(realPath));
    await applyMigrations(realPath, options.migrationsFolder, tablePrefix);
    queue = startWriter(realPath, options);
    await queue.own();
    return assemble(realPath, options, lock, queue);
  } catch (thrown) {
    await queue?.close();
    lock.releaseAfter(thrown);
    throw thrown;
  }
}

function startWriter(realPath: string, options: FileStoreOptions): BatchQueue {
  const writer = startWriterThread({
    realPath,
    tablePrefix: options.tablePrefix ?? '',
    maxPages: options.maxPages ?? null,
    firstRetryDelayMs: options.firstRetryDelayMs ?? DEFAULT_FIRST_RETRY_DELAY_MS,
    maxRetryDelayMs: options.maxRetryDelayMs ?? DEFAULT_MAX_RETRY_DELAY_MS,
  });
  return new BatchQueue(writer, options.nowMs ?? Date.now);
}

function assemble(
  realPath: string,
  options: FileStoreOptions,
  lock: OwnerLock,
  queue: BatchQueue,
): Store {
  const timeLimitMs = options.readTimeLimitMs ?? READ_TIME_LIMIT_MS;
  const pages = new Reader({ realPath }, timeLimitMs);
  const engine = new Reader({ realPath }, timeLimitMs);
  const names = withPrefix(options.tablePrefix ?? '');
  const tables = names.inKysely(createReadOnlyKysely<EngineTables>(pages));
  let closing: Promise<void> | undefined;

  async function closeAll(isClean: boolean): Promise<void> {
    // The readers first: an open reader would keep the last checkpoint from emptying the log.
    await Promise.all([pages.close(), engine.close()]);
    await queue.close(isClean);
    lock.release();
  }

  return {
    own: () => queue.own(),
    commit: (commit, isBackground) => queue.commit(commit, isBackground),
    write: (statements) => queue.write(statements),
    acknowledge: (messageId) => queue.acknowledge(messageId),
    reader: <Extra>(): Kysely<EngineTables & Extra> => createReadOnlyKysely(pages),
    tables: () => tables,
    ...createEngineReads(names.inKysely(createReadOnlyKysely<EngineTables>(engine))),
    health: () => queue.health(),
    stats: () => queue.stats(),
    label: null,
    owner: async () => null,
    outside: () => Promise.reject(noStandby()),
    onNews: (listener) => queue.onNews(listener),
    onHealth: (listener) => queue.onHealth(listener),
    close: (isClean = false) => (closing ??= closeAll(isClean)),
  };
}

// A file has one process: nobody reads it from beside.
function noStandby(): BackstepError {
  return new BackstepError('unavailable', 'a database file has no standby');
}
