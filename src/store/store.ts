/**
 * The store as the runtime sees it: one database, of which one process at a time is the owner.
 *
 * Invariant: a promise returned by `commit` or `write` resolves only after COMMIT returned with the
 * batch on disk. The implementations are in sqlite/open-store.ts and sqlite/memory-store.ts.
 */
import type { Kysely } from 'kysely';
import type { ExpectedStatement } from '../core/activity.ts';
import type { Distribution } from '../core/distribution.ts';
import type { SagaStatus } from '../core/status.ts';
import type { CommitOutcome, SagaCommit, WriteOutcome } from './commit.ts';
import type { FinalFault } from './final-fault.ts';
import type { EngineTables } from './schema.ts';
import type { InboxReads } from './queries/inbox.ts';
import type { StartReads } from './queries/start-reads.ts';
import type { UpkeepReads } from './queries/upkeep-reads.ts';

/** The stored form of a saga, as the runtime loads it. */
export interface StoredSaga {
  readonly sid: number;
  readonly id: string;
  readonly type: string;
  readonly version: number;
  readonly definitionHash: string;
  readonly status: SagaStatus;
  readonly seq: number;
  readonly state: string;
  /** In which form `state` is written. */
  readonly format: number;
  readonly checksum: number;
  /** When it was started, milliseconds since 1970. */
  readonly createdAtMs: number;
}

/** A saga that must be looked at: `wakeAtMs` 0 is in flight, else its earliest due time. */
export interface Wake {
  readonly sid: number;
  readonly wakeAtMs: number;
}

/** A message of a turn that is not yet acknowledged. */
export interface PendingMessage {
  readonly id: number;
  readonly sid: number;
  readonly sagaId: string;
  readonly type: string;
  readonly event: string;
  readonly data: string;
  /** The id that its receivers know it by, where it was moved here under that; else its own. */
  readonly knownAs?: number | null;
}

/** Whether work can be taken on. */
export type StoreHealth =
  | { readonly kind: 'ready' }
  /**
   * Another process owns the database: everything can be read, nothing written, until this one owns
   * it; see `Store.own`. `owner`: who that is, where it is known.
   */
  | { readonly kind: 'standby'; readonly owner: string | null; readonly reason: string }
  /** Disk full or busy: the batch is kept and tried again, new work must be refused. */
  | { readonly kind: 'stalled'; readonly reason: string; readonly sinceMs: number }
  /** The outcome of a COMMIT is unknown or the file is damaged: the process must stop. */
  | FinalFault;

/** Figures of the writer since it was opened. */
export interface StoreStats {
  readonly commits: number;
  readonly batches: number;
  readonly lastBatchSize: number;
  readonly lastCommitMs: number;
  /** How long the writer took for each batch, sync included. */
  readonly commitMs: Distribution;
  /** How long the oldest item of each batch had waited for it. */
  readonly waitMs: Distribution;
  /** Items that wait for a batch now. */
  readonly queued: number;
}

/** A database that lives on from a copy of itself. Times in milliseconds since 1970. */
export interface Restored {
  /** 1 before the first restore; each one counts it up. */
  readonly generation: number;
  /** What was committed after this, and before `restoredAtMs`, is not in it; `null`: not known. */
  readonly copiedAtMs: number | null;
  /** When it was opened first after that. */
  readonly restoredAtMs: number;
}

/** What a process finds in the database when it becomes its owner. */
export interface Ownership {
  /** Highest internal saga id in use; 0: none. */
  readonly lastSid: number;
  /** Highest journal seq in use; 0: none. */
  readonly lastSeq: number;
  /** The owner before closed it in good order: nothing of it ended by a crash. */
  readonly wasLeftClean: boolean;
  /** Set where the database was restored from a backup, ever; of a file only. */
  readonly restored?: Restored;
}

/** One open database, for what participants keep in it. */
export interface DatabaseAccess {
  /**
   * Participants' own statements, all or nothing, through the engine's writer; while another process
   * owns the database over a connection of this one.
   */
  write(statements: readonly ExpectedStatement[]): Promise<WriteOutcome>;
  /** Reads, on a connection of their own that can never write. `Extra` adds participants' tables. */
  reader<Extra>(): Kysely<EngineTables & Extra>;
  /**
   * The engine's own tables by their plain names, whatever they are called in this database. Reads
   * like `reader`; what it builds beyond that can be compiled for `write`.
   */
  tables(): Kysely<EngineTables>;
  stats(): StoreStats;
  /** What people call this process where it owns the database; `null`: a file has one process. */
  readonly label: string | null;
  /** Who owns the database as it says itself; `null`: a file has one process. Throws as reads do. */
  owner(): Promise<OwnerFacts | null>;
}

/** Who owns a database, for people. Times by the clock of the server. */
export interface OwnerFacts {
  /** `null`: nobody does just now. */
  readonly label: string | null;
  /** Since when, milliseconds since 1970. */
  readonly sinceMs: number | null;
  /** How long ago it last said that it lives. */
  readonly silentMs: number | null;
  /** Other processes that are connected and would take over. */
  readonly standbys: number;
}

/** The same for the engine. */
export interface Store extends DatabaseAccess {
  /**
   * Resolves once this process owns the database: at once for a file or a database in memory,
   * which nobody opens without owning it. Until then a turn throws `unavailable`. Rejects
   * when the store failed, or was closed, before.
   */
  own(): Promise<Ownership>;
  /**
   * Queues one turn for the next batch. Per saga at most one may be under way. `isBackground`: the saga
   * was woken by a timer or taken up after a restart, so that others may go before it, within bounds.
   */
  commit(commit: SagaCommit, isBackground?: boolean): Promise<CommitOutcome>;
  /** Acknowledges a message that was handed over. */
  acknowledge(messageId: number): Promise<void>;
  loadBySid(sid: number): Promise<StoredSaga | null>;
  sidOf(sagaId: string): Promise<number | null>;
  findStartKey(type: string, key: string): Promise<{ sagaId: string; inputHash: string } | null>;
  /** Sagas with `wakeAtMs` up to `untilMs`, by due time then sid, after the given one. */
  wakes(untilMs: number, after: Wake | null, limit: number): Promise<readonly Wake[]>;
  pendingMessages(afterId: number, limit: number): Promise<readonly PendingMessage[]>;
  /** About sagas that have not begun. */
  readonly starts: StartReads;
  readonly upkeep: UpkeepReads;
  readonly inbox: InboxReads;
  /**
   * Calls when something may have come that no turn of this engine brought: at an owner rows of the
   * inbox, at a standby whatever the owner has committed. A look that finds nothing is cheap.
   * Returns the way to stop listening.
   */
  onNews(listener: () => void): () => void;
  /**
   * Runs one statement of ours beside the owner's batches, from a process that is not the owner.
   * Gives how many rows it changed. Throws `unavailable` where nothing can be written.
   */
  outside(statement: ExpectedStatement): Promise<number>;
  health(): StoreHealth;
  /** Called on every change of `health()`. Returns the way to stop listening. */
  onHealth(listener: (health: StoreHealth) => void): () => void;
  /**
   * Waits for what is queued, checkpoints, releases the lock. Idempotent. `isClean`: whoever opens
   * it next is told so, see `Ownership`. Default false.
   */
  close(isClean?: boolean): Promise<void>;
}
