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
import { type BatchResult, createBatchWriter, type BatchWriter } from './writer/batch-writer.ts';
import { createEngineReads } from '../queries/engine-reads.ts';
import { emptyDatabase } from './migrate.ts';
import { lastInUse, leaveClean, takeOver } from './ownership/ownership.ts';
import { ONLY_READS } from '../read-limits.ts';
import type { QueryLane } from '../read-only-kysely.ts';
import type { EngineTables } from '../schema.ts';
import type { StoredSagas } from '../as-stored.ts';
import { storedSagasOf } from './reader/stored-sagas.ts';
import { ListenerSet } from '../listener-set.ts';
import { closedError, standbyOf } from '../refusals.ts';
import type { Ownership, Store, StoreHealth } from '../store.ts';
import { checkedPrefix } from '../sql-names.ts';
import { type TableNames, withPrefix } from '../table-names.ts';
import { createReadOnlyKysely } from './reader/worker-dialect.ts';
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
  /** Opens it beside the store that has it, to take it over when that one is closed or killed. */
  openStandby(hooks?: MemoryStoreHooks): MemoryStore;
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
    const disk: Disk = { db, names, prepared: new Map(), stores: new Set(), owner: null };
    let stored: StoredSagas | undefined;
    return {
      open: (hooks = {}) => {
        const store = new SingleThreadStore(disk, hooks);
        store.takeOver();
        return store;
      },
      openStandby: (hooks = {}) => new SingleThreadStore(disk, hooks),
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
  /** Those that are alive, the oldest first. */
  readonly stores: Set<SingleThreadStore>;
  owner: SingleThreadStore | null;
}

interface Entry {
  readonly item: BatchItem;
  readonly settle: (outcome: ItemOutcome) => void;
  readonly fail: (error: BackstepError) => void;
}

class SingleThreadStore implements MemoryStore {
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
  /** `null`: another store has the database. */
  #owning: { readonly writer: BatchWriter; readonly leaveClean: () => void } | null = null;
  readonly #owned = Promise.withResolvers<Ownership>();
  readonly #hooks: MemoryStoreHooks;
  readonly #healthListeners = new ListenerSet<StoreHealth>();
  readonly #news = new ListenerSet<void>();
  #health: StoreHealth = standbyOf(null);
  #queue: Entry[] = [];
  #isAlive = true;
  #isClosed = false;
  #commits = 0;
  #batches = 0;
  #lastBatchSize = 0;

  constructor(disk: Disk, hooks: MemoryStoreHooks) {
    this.#disk = disk;
    disk.stores.add(this);
    this.#hooks = hooks;
    this.#owned.promise.catch(() => {}); // whoever asks is told; nobody has to ask
    const lane: QueryLane = { query: (sql, parameters) => this.#query(sql, parameters) };
    this.reader = <Extra>() => createReadOnlyKysely<EngineTables & Extra>(lane);
    const tables = disk.names.inKysely(createReadOnlyKysely<EngineTables>(lane));
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

  own: Store['own'] = () => this.#owned.promise;

  /** Takes the database, from whoever has it. */
  takeOver(): void {
    const { db, names } = this.#disk;
    const { ownerEpoch, wasLeftClean } = takeOver(db, names);
    const { lastSid, lastSeq } = lastInUse(db, names);
    this.#disk.owner = this;
    this.#owning = {
      writer: createBatchWriter(db, { realPath: null, names, ownerEpoch, lastSeq }),
      leaveClean: () => leaveClean(db, names, ownerEpoch),
    };
    this.#change({ kind: 'ready' });
    this.#owned.resolve({ lastSid, lastSeq, wasLeftClean });
  }

  get hasQueued(): boolean {
    return this.#queue.length > 0;
  }

  commit: Store['commit'] = (commit) => this.#enqueue(toTurnItem(commit)).then(toCommitOutcome);

  write: Store['write'] = (statements) => {
    const beside = this.#health.kind === 'standby' ? this.#disk.owner : this;
    return (beside ?? this).#enqueue({ kind: 'write', statements }).then(toWriteOutcome);
  };

  readonly label = null;

  owner: Store['owner'] = async () => null;

  acknowledge: Store['acknowledge'] = async (messageId) => {
    await this.#enqueue({ kind: 'acknowledge', messageId });
  };

  health: Store['health'] = () => this.#health;

  stats: Store['stats'] = () => ({
    commits: this.#commits,
    batches: this.#batches,
    lastBatchSize: this.#lastBatchSize,
    lastCommitMs: 0,
    commitMs: NO_DURATIONS,
    waitMs: NO_DURATIONS,
    queued: 0,
  });

  onHealth: Store['onHealth'] = (listener) => this.#healthListeners.add(listener);

  onNews: Store['onNews'] = (listener) => this.#news.add(listener);

  outside: Store['outside'] = async ({ sql, parameters }) => {
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#isClosed) throw closedError();
    const { changes } = this.#disk.db.prepare(sql).run(...parameters);
    for (const store of this.#disk.stores) store.#news.tell();
    return changes;
  };

  close: Store['close'] = async (isClean = false) => {
    this.#flush();
    if (isClean && this.#isAlive && !this.#isClosed) this.#owning?.leaveClean();
    this.#isClosed = true;
    this.#owned.reject(closedError());
    this.#leave();
  };

  kill(): void {
    this.#isAlive = false;
    this.#queue = [];
    this.#leave();
  }

  #leave(): void {
    const disk = this.#disk;
    disk.stores.delete(this);
    if (disk.owner !== this) return;
    disk.owner = null;
    const waiting = [...disk.stores].find((store) => store.#health.kind === 'standby');
    waiting?.takeOver();
  }

  #change(health: StoreHealth): void {
    this.#health = health;
    this.#healthListeners.tell(health);
  }

  #query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    const { db, prepared } = this.#disk;
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(closedError());
    const statement = prepared.get(sql) ?? db.prepare(sql);
    if (prepared.size < MAX_PREPARED) prepared.set(sql, statement);
    if (!statement.reader || !statement.readonly) {
      return Promise.reject(new Error(ONLY_READS));
    }
    return Promise.resolve(statement.all(...parameters));
  }

  #enqueue(item: BatchItem): Promise<ItemOutcome> {
    if (!this.#isAlive) return new Promise(() => {});
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#health.kind === 'standby') {
      return Promise.reject(new BackstepError('unavailable', this.#health.reason));
    }
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
    if (this.#owning === null) return;
    const result = this.#owning.writer.run(batch.map((entry) => entry.item));
    this.#hooks.afterCommit?.();
    if (this.#isAlive) this.#answer(batch, result);
  }

  #answer(batch: readonly Entry[], result: BatchResult): void {
    if (result.kind !== 'done') {
      // A newer store has opened the same database.
      this.#change(result.kind === 'failed' ? result : { kind: 'failed', reason: result.reason });
      for (const entry of batch) entry.fail(new BackstepError('storage-failed', result.reason));
      return;
    }
    this.#batches += 1;
    this.#lastBatchSize = batch.length;
    for (const [index, entry] of batch.entries()) {
      const outcome = result.outcomes[index];
      if (typeof outcome === 'number') this.#commits += 1;
      if (outcome !== undefined) entry.settle(outcome);
    }
    const isForInbox = batch.some((entry) => mayFillInbox(entry.item));
    for (const store of this.#disk.stores) if (store !== this || isForInbox) store.#news.tell();
  }
}
