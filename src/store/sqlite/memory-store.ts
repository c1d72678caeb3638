/**
 * The store over a SQLite database in memory, in one thread: real SQL, real transactions, nothing
 * on disk. For tests and simulations; what it holds is gone with the process.
 *
 * A `MemoryDatabase` is what a disk is to a process: it outlives the stores opened on it, so that
 * a killed store loses what was not committed and the next one finds what was.
 */
import Database from 'better-sqlite3';
import { NO_DURATIONS } from '../../core/distribution.ts';
import { BackstepError } from '../../core/errors.ts';
import { type BatchResult, createBatchWriter, type BatchWriter } from './batch-writer.ts';
import { createEngineReads } from '../queries/engine-reads.ts';
import { emptyDatabase } from './migrate.ts';
import { lastInUse, leaveClean, takeOver } from './ownership.ts';
import { ONLY_READS } from '../read-limits.ts';
import type { QueryLane } from '../read-only-kysely.ts';
import type { EngineTables } from '../schema.ts';
import type { StoredSagas } from '../as-stored.ts';
import { storedSagasOf } from '../queries/stored-sagas.ts';
import type { Store, StoreHealth } from '../store.ts';
import { checkedPrefix } from '../sql-names.ts';
import { type TableNames, withPrefix } from '../table-names.ts';
import { createReadOnlyKysely } from './worker-dialect.ts';
import {
  type BatchItem,
  type ItemOutcome,
  mayFillInbox,
  toCommitOutcome,
  toTurnItem,
  toWriteOutcome,
} from '../batch-items.ts';

/** Told around every batch; either may kill the store. */
export interface MemoryStoreHooks {
  readonly beforeCommit?: () => void;
  /** The batch is durable and nobody has heard of it. */
  readonly afterCommit?: () => void;
}

/** A store that can die. */
export interface MemoryStore extends Store {
  /** As at the death of its process: what is queued is lost, nobody is answered any more. */
  kill(): void;
  /** True while something waits to be committed. */
  readonly hasQueued: boolean;
}

/** A database in memory. */
export interface MemoryDatabase {
  /** Opens it, taking it from whoever had it before. */
  open(hooks?: MemoryStoreHooks): MemoryStore;
  /** Everything in it, to examine. */
  readonly stored: StoredSagas;
  close(): void;
}

/**
 * Prepares empty databases; the schema is made once. Resolves with the way to make one.
 *
 * @param migrationsFolder participants' migrations, as in `openStore`
 * @param tablePrefix as in `openStore`
 */
export async function memoryDatabases(
  migrationsFolder?: string,
  tablePrefix = '',
): Promise<() => MemoryDatabase> {
  const names = withPrefix(checkedPrefix(tablePrefix));
  const empty = await emptyDatabase(migrationsFolder, tablePrefix);
  return () => {
    const db = new Database(empty);
    db.pragma('foreign_keys = OFF');
    const disk = { db, names, prepared: new Map(), inboxListeners: new Set<() => void>() };
    let stored: StoredSagas | undefined;
    return {
      open: (hooks = {}) => new SingleThreadStore(disk, hooks),
      get stored() {
        return (stored ??= storedSagasOf(':memory:', db));
      },
      close: () => db.close(),
    };
  };
}

/** Most prepared queries that a database keeps. */
const MAX_PREPARED = 256;

/** What outlives a store. */
interface Disk {
  readonly db: Database.Database;
  readonly names: TableNames;
  readonly prepared: Map<string, Database.Statement>;
  readonly inboxListeners: Set<() => void>;
}

interface Entry {
  readonly item: BatchItem;
  readonly settle: (outcome: ItemOutcome) => void;
  readonly fail: (error: BackstepError) => void;
}

class SingleThreadStore implements MemoryStore {
  readonly own: Store['own'];
  readonly reader: Store['reader'];
  readonly tables: Store['tables'];
  readonly loadBySid: Store['loadBySid'];
  readonly sidOf: Store['sidOf'];
  readonly findStartKey: Store['findStartKey'];
  readonly wakes: Store['wakes'];
  readonly pendingMessages: Store['pendingMessages'];
  readonly starts: Store['starts'];
  readonly upkeep: Store['upkeep'];
  readonly inbox: Store['inbox'];
  readonly #disk: Disk;
  readonly #writer: BatchWriter;
  readonly #leaveClean: () => void;
  readonly #hooks: MemoryStoreHooks;
  readonly #listeners = new Set<(health: StoreHealth) => void>();
  #health: StoreHealth = { kind: 'ready' };
  #queue: Entry[] = [];
  #isAlive = true;
  #isClosed = false;
  #commits = 0;
  #batches = 0;

  constructor(disk: Disk, hooks: MemoryStoreHooks) {
    const { db, names } = disk;
    const { ownerEpoch, wasLeftClean } = takeOver(db, names);
    this.#leaveClean = () => leaveClean(db, names, ownerEpoch);
    const { lastSid, lastSeq } = lastInUse(db, names);
    this.own = () => Promise.resolve({ lastSid, lastSeq, wasLeftClean });
    this.#hooks = hooks;
    this.#disk = disk;
    this.#writer = createBatchWriter(db, { realPath: null, names, ownerEpoch, lastSeq });
    const lane: QueryLane = {
      query: (sql, parameters) => this.#query(sql, parameters),
    };
    this.reader = <Extra>() => createReadOnlyKysely<EngineTables & Extra>(lane);
    const tables = names.inKysely(createReadOnlyKysely<EngineTables>(lane));
    this.tables = () => tables;
    const reads = createEngineReads(tables);
    this.loadBySid = reads.loadBySid;
    this.sidOf = reads.sidOf;
    this.findStartKey = reads.findStartKey;
    this.wakes = reads.wakes;
    this.pendingMessages = reads.pendingMessages;
    this.starts = reads.starts;
    this.upkeep = reads.upkeep;
    this.inbox = reads.inbox;
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0;
  }

  commit: Store['commit'] = (commit) => this.#enqueue(toTurnItem(commit)).then(toCommitOutcome);

  write: Store['write'] = (statements) =>
    this.#enqueue({ kind: 'write', statements }).then(toWriteOutcome);

  acknowledge: Store['acknowledge'] = async (messageId) => {
    await this.#enqueue({ kind: 'acknowledge', messageId });
  };

  health: Store['health'] = () => this.#health;

  stats: Store['stats'] = () => ({
    commits: this.#commits,
    batches: this.#batches,
    lastBatchSize: 0,
    lastCommitMs: 0,
    commitMs: NO_DURATIONS,
    waitMs: NO_DURATIONS,
    queued: 0,
  });

  onHealth: Store['onHealth'] = (listener) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  onInbox: Store['onInbox'] = (listener) => {
    const { inboxListeners } = this.#disk;
    const told = (): void => {
      if (this.#isAlive) listener();
    };
    inboxListeners.add(told);
    return () => inboxListeners.delete(told);
  };

  close: Store['close'] = async (isClean = false) => {
    this.#flush();
    if (isClean && this.#isAlive && !this.#isClosed) this.#leaveClean();
    this.#isClosed = true;
  };

  kill(): void {
    this.#isAlive = false;
    this.#queue = [];
    this.#listeners.clear();
  }

  #query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    const { db, prepared } = this.#disk;
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(closed());
    const statement = prepared.get(sql) ?? db.prepare(sql);
    if (prepared.size < MAX_PREPARED) prepared.set(sql, statement);
    if (!statement.reader || !statement.readonly) {
      return Promise.reject(new Error(ONLY_READS));
    }
    return Promise.resolve(statement.all(...parameters));
  }

  #enqueue(item: BatchItem): Promise<ItemOutcome> {
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(closed());
    return new Promise((settle, fail) => {
      // All that is handed over in one go is one batch.
      if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
      this.#queue.push({ item, settle, fail });
    });
  }

  #flush(): void {
    if (this.#queue.length === 0) return;
    this.#hooks.beforeCommit?.();
    const batch = this.#queue;
    if (!this.#isAlive) return;
    this.#queue = [];
    const result = this.#writer.run(batch.map((entry) => entry.item));
    this.#hooks.afterCommit?.();
    if (this.#isAlive) this.#answer(batch, result);
  }

  #answer(batch: readonly Entry[], result: BatchResult): void {
    if (result.kind !== 'done') {
      // A newer store has opened the same database.
      this.#health = { kind: 'failed', reason: result.reason };
      for (const listener of this.#listeners) listener(this.#health);
      for (const entry of batch) entry.fail(new BackstepError('storage-failed', result.reason));
      return;
    }
    this.#batches += 1;
    this.#commits += batch.length;
    for (const [index, entry] of batch.entries()) {
      const outcome = result.outcomes[index];
      if (outcome !== undefined) entry.settle(outcome);
    }
    if (!batch.some((entry) => mayFillInbox(entry.item))) return;
    for (const listener of this.#disk.inboxListeners) listener();
  }
}

function closed(): BackstepError {
  return new BackstepError('unavailable', 'the store is closed');
}
