/**
 * Group commit, the same over every database: gathers what is to be written and hands it to the
 * writer in batches.
 *
 * Never writes, and waits on a timer only for an item that met a foreign lock. Invariant: a promise resolves only after the writer
 * reported the COMMIT of its batch; when the outcome is unknown it rejects with `storage-failed`.
 */
import type { ExpectedStatement } from '../core/activity.ts';
import { createDurationCounter } from '../core/distribution.ts';
import { BackstepError, type ErrorCode } from '../core/errors.ts';
import {
  type BatchItem,
  type FromWriter,
  type ItemOutcome,
  mayFillInbox,
  toCommitOutcome,
  toTurnItem,
  toWriteOutcome,
} from './batch-items.ts';
import type { CommitOutcome, SagaCommit, WriteOutcome } from './commit.ts';
import type { FinalFault } from './final-fault.ts';
import { closedError, failedError, standbyOf } from './refusals.ts';
import type { Ownership, StoreHealth, StoreStats } from './store.ts';
import { ListenerSet } from './listener-set.ts';
import { WaitingItems } from './waiting-items.ts';
import type { WriterPort } from './writer-port.ts';

/** Most items in one batch. */
const MAX_BATCH_SIZE = 512;
/** Items with which an idle writer starts at once. Measured: 24 to 48 gain half as much. */
const EARLY_BATCH_SIZE = 96;
/** A batch is full at this many characters of state and journal, however few its items. */
const MAX_BATCH_CHARS = 16 * 1024 * 1024;
/** Most items waiting for a batch; above it a commit is refused as `overloaded`. */
const MAX_QUEUED_ITEMS = 100_000;
/** How long `close` waits for what is queued. */
const CLOSE_LIMIT_MS = 10_000;

interface Asked {
  readonly item: BatchItem;
  readonly chars: number;
  readonly isBackground: boolean;
}

interface Entry extends Asked {
  readonly settle: (outcome: ItemOutcome) => void;
  readonly fail: (error: BackstepError) => void;
  /** So often it met a lock that somebody else holds. */
  postponements: number;
}

/**
 * The only way to write. One batch is at the writer, the next one fills: measured, a second one in
 * flight gains a fifth on a disk with fast syncs and loses a third where a sync takes 5 ms.
 */
export class BatchQueue {
  readonly #writer: WriterPort;
  readonly #nowMs: () => number;
  readonly #healthListeners = new ListenerSet<StoreHealth>();
  readonly #newsListeners = new ListenerSet<void>();
  readonly #owned = Promise.withResolvers<Ownership>();
  readonly #closed = Promise.withResolvers<void>();
  #inFlight: readonly Entry[] = [];
  readonly #waiting = new WaitingItems<Entry>();
  #isFlushScheduled = false;
  #isClosing = false;
  #isClean = false;
  /** `standby` until the writer says that the database is ours. */
  #health: StoreHealth = standbyOf(null);
  readonly #commitMs = createDurationCounter();
  readonly #waitMs = createDurationCounter();
  /** Since when the oldest item waits, by a clock that never goes back. */
  #waitingSinceMs = 0;
  #stats = { commits: 0, batches: 0, lastBatchSize: 0, lastCommitMs: 0 };

  /** `nowMs`: milliseconds since 1970, for `health().sinceMs`. */
  constructor(writer: WriterPort, nowMs: () => number) {
    this.#writer = writer;
    this.#nowMs = nowMs;
    this.#owned.promise.catch(() => {}); // whoever asks is told; nobody has to ask
    writer.listen(
      (message) => this.#take(message),
      (reason) => this.#crash(reason),
    );
  }

  /** See `Store.own`; rejects with what the writer was refused for, too. */
  own(): Promise<Ownership> {
    return this.#owned.promise;
  }

  /** See `Store.commit`. */
  commit(commit: SagaCommit, isBackground = false): Promise<CommitOutcome> {
    const chars = commit.saga.state.length + commit.journal.data.length;
    return this.#enqueue({ item: toTurnItem(commit), chars, isBackground }, toCommitOutcome);
  }

  write(statements: readonly ExpectedStatement[]): Promise<WriteOutcome> {
    return this.#enqueue(ofNoLength({ kind: 'write', statements }), toWriteOutcome);
  }

  async acknowledge(messageId: number): Promise<void> {
    await this.#enqueue(ofNoLength({ kind: 'acknowledge', messageId }), () => undefined);
  }

  health(): StoreHealth {
    return this.#health;
  }

  stats(): StoreStats {
    return {
      ...this.#stats,
      commitMs: this.#commitMs.snapshot(),
      waitMs: this.#waitMs.snapshot(),
      queued: this.#waiting.ready + this.#waiting.postponed,
    };
  }

  onHealth = (listener: (health: StoreHealth) => void) => this.#healthListeners.add(listener);

  /** See `Store.onNews`. */
  onNews = (listener: () => void) => this.#newsListeners.add(listener);

  /** Waits for what is queued, at most `CLOSE_LIMIT_MS`, and ends the writer. Idempotent. */
  async close(isClean = false): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#isClean = isClean;
      this.#owned.reject(closedError());
      this.#flush();
    }
    const giveUp = (): void =>
      this.#fail({ kind: 'failed', reason: 'closed while the storage was stalled' });
    const limit = setTimeout(giveUp, CLOSE_LIMIT_MS);
    await this.#closed.promise;
    clearTimeout(limit);
    await this.#writer.terminate();
  }

  #enqueue<T>(asked: Asked, read: (outcome: ItemOutcome) => T): Promise<T> {
    if (this.#health.kind === 'failed') return Promise.reject(failedError(this.#health.reason));
    if (this.#isClosing) return Promise.reject(closedError());
    if (this.#health.kind === 'standby') {
      return Promise.reject(new BackstepError('unavailable', this.#health.reason));
    }
    if (this.#waiting.ready >= MAX_QUEUED_ITEMS) {
      return Promise.reject(new BackstepError('overloaded', 'too many writes are waiting'));
    }
    return new Promise((resolve, fail) => {
      if (this.#waiting.ready === 0) this.#waitingSinceMs = performance.now();
      const settle = (outcome: ItemOutcome): void => {
        try {
          resolve(read(outcome));
        } catch (error) {
          fail(error); // an answer to something else: the rest of the batch must go on
        }
      };
      const { item, chars, isBackground } = asked;
      this.#waiting.put({ item, chars, isBackground, settle, fail, postponements: 0 });
      this.#schedule();
    });
  }

  #postpone(entry: Entry): void {
    this.#waiting.postpone(entry, entry.postponements, () => {
      if (this.#waiting.ready === 0) this.#waitingSinceMs = performance.now();
      this.#waiting.put(entry);
      this.#schedule();
    });
    entry.postponements += 1;
  }

  /**
   * At the end of this turn of the event loop, so that all that it brings shares the fsync; or now,
   * when it has brought enough to let the writer work beside the turns that still follow.
   */
  #schedule(): void {
    if (this.#inFlight.length > 0) return;
    if (this.#waiting.ready >= EARLY_BATCH_SIZE) {
      this.#flush();
      return;
    }
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#inFlight.length > 0) return;
    if (this.#waiting.ready > 0) this.#handOver();
    else if (this.#isClosing && this.#waiting.postponed === 0) {
      this.#writer.send({ kind: 'close', isClean: this.#isClean });
    }
  }

  #handOver(): void {
    const batch = this.#takeBatch();
    this.#inFlight = batch;
    this.#writer.send({ kind: 'batch', items: batch.map((entry) => entry.item) });
  }

  #takeBatch(): readonly Entry[] {
    const nowMs = performance.now();
    this.#waitMs.note(nowMs - this.#waitingSinceMs);
    this.#waitingSinceMs = nowMs; // of those that stay: close enough, they came last
    return this.#waiting.takeBatch(MAX_BATCH_SIZE, MAX_BATCH_CHARS);
  }

  #take(message: FromWriter): void {
    switch (message.kind) {
      case 'opened':
        return this.#takeOver(message);
      case 'standby':
        return this.#change(standbyOf(message.owner));
      case 'refused':
        return this.#refuse(message.code, message.message);
      case 'done':
        return this.#settle(message.outcomes, message.durationMs);
      case 'stalled':
        return this.#stall(message.reason);
      case 'news':
        return this.#newsListeners.tell();
      case 'resumed':
        return this.#resume();
      case 'failed':
        return this.#fail(message);
      case 'closed':
        return this.#closed.resolve();
    }
  }

  #takeOver({ kind: _, ...ownership }: FromWriter & { kind: 'opened' }): void {
    this.#change({ kind: 'ready' });
    this.#owned.resolve(ownership);
  }

  #settle(outcomes: readonly ItemOutcome[], durationMs: number): void {
    const batch = this.#inFlight;
    this.#inFlight = [];
    this.#stats.batches += 1;
    this.#stats.lastBatchSize = batch.length;
    this.#stats.lastCommitMs = durationMs;
    this.#commitMs.note(durationMs);
    this.#resume();
    for (const [index, entry] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome === undefined) entry.fail(failedError('the writer left an item unanswered'));
      else if (typeof outcome !== 'number' && outcome.kind === 'postponed') this.#postpone(entry);
      else entry.settle(outcome);
      if (typeof outcome === 'number') this.#stats.commits += 1;
    }
    if (batch.some(({ item }) => mayFillInbox(item))) this.#newsListeners.tell();
    if (this.#isClosing || this.#waiting.ready === 0) this.#flush();
    else this.#schedule();
  }

  #stall(reason: string): void {
    const sinceMs = this.#health.kind === 'stalled' ? this.#health.sinceMs : this.#nowMs();
    this.#change({ kind: 'stalled', reason, sinceMs });
  }

  #resume(): void {
    if (this.#health.kind === 'stalled') this.#change({ kind: 'ready' });
  }

  #refuse(code: ErrorCode, message: string): void {
    this.#owned.reject(new BackstepError(code, message));
    this.#fail({ kind: 'failed', reason: message });
  }

  #crash(reason: string): void {
    const waiting = this.#waiting.ready + this.#inFlight.length + this.#waiting.postponed;
    if (this.#isClosing && waiting === 0) this.#closed.resolve();
    else this.#fail({ kind: 'failed', reason });
  }

  /** Final. What was under way may or may not be on disk: nobody is told that it was refused. */
  #fail(fault: FinalFault): void {
    if (this.#health.kind === 'failed') return;
    const error = failedError(fault.reason);
    const pending = [...this.#inFlight, ...this.#waiting.takeAll()];
    this.#inFlight = [];
    this.#owned.reject(error);
    this.#change(fault);
    for (const entry of pending) entry.fail(error);
    this.#closed.resolve();
  }

  #change(health: StoreHealth): void {
    this.#health = health;
    this.#healthListeners.tell(health);
  }
}

function ofNoLength(item: BatchItem): Asked {
  return { item, chars: 0, isBackground: false };
}
