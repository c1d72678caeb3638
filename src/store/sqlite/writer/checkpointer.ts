/**
 * Keeps the write-ahead log bounded, between batches and never inside a commit.
 *
 * Must not fail a batch: a checkpoint that finds a reader or a full disk is simply tried again
 * later. Any other error means that the file cannot be trusted.
 */
import type Database from 'better-sqlite3';
import { toStorageFault } from '../storage-fault.ts';

/** Pages of so many bytes, not yet copied back, are copied in the next gap between batches. */
const CHECKPOINT_BYTES = 32 * 2 ** 20;
/** For a log longer than this readers are waited for, so that it starts over. */
const MAX_LOG_BYTES = 256 * 2 ** 20;
/** In an idle gap a log longer than this is emptied. */
const IDLE_LOG_BYTES = 2 * 2 ** 20;

export interface Checkpointer {
  /** After each batch. Returns the reason when the storage has failed, else `null`. */
  afterBatch(): string | null;
  /** When nothing was written for a while, and before closing. */
  whenIdle(isClosing: boolean): string | null;
}

interface LogState {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}

/** `db` must have automatic checkpoints off. `isFull`: whether the disk or the quota is. */
export function createCheckpointer(
  db: Database.Database,
  isFull: () => boolean = () => false,
): Checkpointer {
  const look = db.prepare<[], LogState>('PRAGMA wal_checkpoint(NOOP)');
  const passive = db.prepare<[], LogState>('PRAGMA wal_checkpoint(PASSIVE)');
  const truncate = db.prepare<[], LogState>('PRAGMA wal_checkpoint(TRUNCATE)');
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  const checkpointFrames = CHECKPOINT_BYTES / pageBytes;
  const maxLogFrames = MAX_LOG_BYTES / pageBytes;
  /** The next length of the log at which a reader may be waited for again. */
  let nextTruncateFrames = maxLogFrames;

  function guarded(checkpoint: () => void): string | null {
    try {
      checkpoint();
      return null;
    } catch (thrown) {
      // The log keeps every commit, so a stalled checkpoint loses nothing.
      const fault = toStorageFault(thrown, 'commit', isFull);
      return fault.kind === 'stalled' ? null : `at a checkpoint: ${fault.reason}`;
    }
  }

  function afterBatch(): string | null {
    return guarded(() => {
      const state = look.get();
      if (state === undefined || state.log - state.checkpointed < checkpointFrames) return;
      const after = passive.get();
      if (after === undefined || after.log < nextTruncateFrames) return;
      const isEmpty = truncate.get()?.busy === 0;
      nextTruncateFrames = isEmpty ? maxLogFrames : after.log + checkpointFrames;
    });
  }

  function whenIdle(isClosing: boolean): string | null {
    return guarded(() => {
      const log = look.get()?.log ?? 0;
      if (isClosing || log * pageBytes > IDLE_LOG_BYTES) truncate.get();
    });
  }

  return { afterBatch, whenIdle };
}
