/**
 * Keeps the write-ahead log bounded, between batches and never inside a commit.
 *
 * Must not fail a batch: a checkpoint that finds a reader or a full disk is simply tried again
 * later. Any other error means that the file cannot be trusted.
 */
import type Database from 'better-sqlite3';
import { toStorageFault } from '../storage-fault.ts';

/** Frames (pages) not yet copied back above which the next gap between batches copies them. */
const CHECKPOINT_FRAMES = 4_096;
/** Frames in the log above which readers are waited for, so that it starts over: 256 MiB. */
const MAX_LOG_FRAMES = 32_768;
/** In an idle gap a log longer than this is emptied. */
const IDLE_LOG_FRAMES = 256;

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
  /** The next length of the log at which a reader may be waited for again. */
  let nextTruncateFrames = MAX_LOG_FRAMES;

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
      if (state === undefined || state.log - state.checkpointed < CHECKPOINT_FRAMES) return;
      const after = passive.get();
      if (after === undefined || after.log < nextTruncateFrames) return;
      const isEmpty = truncate.get()?.busy === 0;
      nextTruncateFrames = isEmpty ? MAX_LOG_FRAMES : after.log + CHECKPOINT_FRAMES;
    });
  }

  function whenIdle(isClosing: boolean): string | null {
    return guarded(() => {
      const log = look.get()?.log ?? 0;
      if (isClosing || log > IDLE_LOG_FRAMES) truncate.get();
    });
  }

  return { afterBatch, whenIdle };
}
