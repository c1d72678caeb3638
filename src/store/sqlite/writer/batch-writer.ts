/**
 * One batch, one transaction: begins, checks that the file is still ours, applies, commits.
 *
 * Invariant: what `run` reports as done is on disk, and the global seq counts without gaps over
 * committed turns. A batch that did not commit has left nothing and has used no seq.
 */
import type Database from 'better-sqlite3';
import { hasNoRoom } from './disk-room.ts';
import { fileIdentity } from '../ownership/sole-name.ts';
import { type StorageFault, toStorageFault } from '../storage-fault.ts';
import type { BatchItem, ItemOutcome } from '../../batch-items.ts';
import { type FinalFault, TAKEN_OVER } from '../../final-fault.ts';
import type { SqlNames } from '../../sql-names.ts';
import { type ApplyItem, needsSavepoint, prepareItems } from './writer-statements.ts';

export type BatchResult =
  | { readonly kind: 'done'; readonly outcomes: readonly ItemOutcome[] }
  | Exclude<StorageFault, { kind: 'statement' }>;

export interface BatchWriter {
  /** Applies all items and commits. Never throws. */
  run(items: readonly BatchItem[]): BatchResult;
}

export interface BatchWriterOptions {
  /** `null`: a database in memory, that nobody can take away. */
  readonly realPath: string | null;
  readonly names: SqlNames;
  /** The epoch this owner was given at open. */
  readonly ownerEpoch: number;
  /** Highest journal seq in use. */
  readonly lastSeq: number;
}

/** Prepares a writer on an open connection. */
export function createBatchWriter(db: Database.Database, options: BatchWriterOptions): BatchWriter {
  const apply = prepareItems(db, options.names);
  const applyAlone = prepareAlone(db, apply);
  const { realPath } = options;
  const isFull = (): boolean => realPath !== null && hasNoRoom(realPath);
  const transaction = prepareTransaction(db, isFull);
  const lostOwnership = prepareOwnershipCheck(db, options);
  let lastSeq = options.lastSeq;

  /** Outcomes of all items, in the open transaction; `again` when it must be left first. */
  function applyAll(items: readonly BatchItem[], guard: Guard | null): Applied | Again {
    const outcomes: ItemOutcome[] = [];
    let seq = lastSeq;
    for (const [index, item] of items.entries()) {
      const isAlone = guard !== null || needsSavepoint(item);
      const outcome = guard?.has(index)
        ? rejected('its statement rolls the transaction back')
        : isAlone
          ? applyAlone(item, seq + 1)
          : apply(item, seq + 1);
      if (outcome === null) return { kind: 'again', poisonedIndex: index };
      outcomes.push(outcome);
      if (typeof outcome === 'number') seq = outcome;
    }
    return { kind: 'applied', outcomes, seq };
  }

  function attempt(items: readonly BatchItem[], guard: Guard | null): BatchResult | Again {
    try {
      transaction.begin();
      const lost = lostOwnership();
      if (lost !== null) return transaction.leave(lost);
      const applied = applyAll(items, guard);
      if (applied.kind === 'again') return transaction.leave(applied);
      const failure = transaction.commit();
      if (failure !== null) return transaction.leave(failure);
      lastSeq = applied.seq;
      return { kind: 'done', outcomes: applied.outcomes };
    } catch (thrown) {
      const fault = toStorageFault(thrown, 'write', isFull);
      if (fault.kind !== 'statement') return transaction.leave(fault);
      // Guarded items catch their own statements' faults, so this one is none of theirs.
      if (guard !== null) return transaction.leave({ kind: 'failed', reason: fault.reason });
      return transaction.leave<Again>({ kind: 'again', poisonedIndex: null });
    }
  }

  return {
    run(items) {
      let guard: Set<number> | null = null;
      for (;;) {
        const result = attempt(items, guard);
        if (result.kind !== 'again') return result;
        // Every further round is guarded, and leaves out one more item or is the last: it ends.
        guard ??= new Set();
        if (result.poisonedIndex !== null) guard.add(result.poisonedIndex);
      }
    },
  };
}

/** Each item runs under a savepoint; those with an index in here do not run at all. */
type Guard = ReadonlySet<number>;

interface Applied {
  readonly kind: 'applied';
  readonly outcomes: readonly ItemOutcome[];
  /** The last seq that was given. */
  readonly seq: number;
}

/** The batch was undone for the sake of an item: run it once more, each item guarded. */
interface Again {
  readonly kind: 'again';
  /** The item that took the whole transaction with it, such as an INSERT OR ROLLBACK. */
  readonly poisonedIndex: number | null;
}

function prepareTransaction(db: Database.Database, isFull: () => boolean) {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  const rollback = db.prepare('ROLLBACK');

  return {
    begin: (): void => void begin.run(),

    /** The fault of a COMMIT that failed. Apart, because what failed in it may be on disk. */
    commit(): Exclude<StorageFault, { kind: 'statement' }> | null {
      try {
        commit.run();
        return null;
      } catch (thrown) {
        const fault = toStorageFault(thrown, 'commit', isFull);
        return fault.kind === 'statement' ? { kind: 'failed', reason: fault.reason } : fault;
      }
    },

    /** Rolls back what is open; a rollback that fails makes every fault a final one. */
    leave<Result>(result: Result): Result | FinalFault {
      try {
        if (db.inTransaction) rollback.run();
        return result;
      } catch (thrown) {
        const { reason } = toStorageFault(thrown, 'commit');
        return { kind: 'failed', reason: `at ROLLBACK: ${reason}` };
      }
    },
  };
}

/** Applies an item under a savepoint; `null` when the whole transaction is gone. */
function prepareAlone(db: Database.Database, apply: ApplyItem) {
  const savepoint = db.prepare('SAVEPOINT item');
  const undo = db.prepare('ROLLBACK TO item');
  const release = db.prepare('RELEASE item');

  return (item: BatchItem, seq: number): ItemOutcome | null => {
    savepoint.run();
    let outcome: ItemOutcome;
    try {
      outcome = apply(item, seq);
    } catch (thrown) {
      const fault = toStorageFault(thrown, 'write');
      // A full or broken disk is no fault of the item: the batch stops here.
      if (fault.kind !== 'statement') throw thrown;
      if (!db.inTransaction) return null;
      outcome = rejected(fault.reason);
    }
    if (isUndone(outcome)) undo.run();
    release.run();
    return outcome;
  };
}

/** Why the file is no longer ours, inside the transaction of a batch; `null` while it is. */
function prepareOwnershipCheck(db: Database.Database, options: BatchWriterOptions) {
  const { realPath, names, ownerEpoch } = options;
  const epoch = db.prepare(names.inSql('SELECT owner_epoch FROM engine WHERE id = 1')).pluck();
  const identity = realPath === null ? null : fileIdentity(realPath);

  return (): FinalFault | null => {
    if (epoch.get() !== ownerEpoch) {
      return TAKEN_OVER;
    }
    if (realPath === null) return null;
    if (fileIdentity(realPath) === identity) return null;
    return { kind: 'failed', reason: 'the database file was removed or replaced while in use' };
  };
}

function rejected(message: string): ItemOutcome {
  return { kind: 'rejected', message };
}

function isUndone(outcome: ItemOutcome): boolean {
  if (typeof outcome === 'number') return false;
  return outcome.kind !== 'written' && outcome.kind !== 'acknowledged';
}
