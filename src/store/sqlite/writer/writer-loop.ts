/**
 * Writes one batch after the other and outlasts what passes.
 *
 * Invariant: a batch that cannot be written just now is kept and tried again until it is written
 * or the storage has failed. After a failure nothing is written any more.
 */
import type { BatchWriter } from './batch-writer.ts';
import type { Checkpointer } from './checkpointer.ts';
import type { BatchItem, FromWriter, ItemOutcome, ToWriter } from '../../batch-items.ts';
import type { FinalFault } from '../../final-fault.ts';

/** A gap this long between batches is used to empty the log. */
const IDLE_MS = 1_000;
/** Tries of a batch that meets I/O errors before the storage counts as failed. */
const MAX_HARDWARE_TRIES = 5;

/** What the loop works with. */
export interface WriterLoopParts {
  readonly writer: BatchWriter;
  readonly checkpointer: Checkpointer;
  readonly send: (message: FromWriter) => void;
  readonly retry: { readonly firstRetryDelayMs: number; readonly maxRetryDelayMs: number };
  /** Closes the connection. */
  readonly close: () => void;
  /** Notes that it is closed in good order. */
  readonly leaveClean: () => void;
  /** Lets the thread end. */
  readonly leave: () => void;
}

/** Feeds batches to the writer and survives what passes. */
export class WriterLoop {
  readonly #parts: WriterLoopParts;
  #idle: NodeJS.Timeout | undefined;
  #tries = 0;
  #hardwareTries = 0;
  #hasWritten = false;

  constructor(parts: WriterLoopParts) {
    this.#parts = parts;
  }

  /** The queue sends a batch, or the order to close, only after the answer to the last. */
  take(message: ToWriter): void {
    switch (message.kind) {
      case 'batch':
        return this.#run(message.items);
      case 'close':
        return this.#close(message.isClean);
    }
  }

  /** One timer at most: a batch costs none while it is armed. */
  #armIdle(): void {
    if (this.#idle !== undefined) return;
    this.#hasWritten = false;
    this.#idle = setTimeout(() => this.#whenIdle(), IDLE_MS);
  }

  #run(items: readonly BatchItem[]): void {
    const startedMs = performance.now();
    const result = this.#parts.writer.run(items);
    switch (result.kind) {
      case 'done':
        return this.#answer(result.outcomes, performance.now() - startedMs);
      case 'stalled':
        if (result.isHardware) this.#hardwareTries += 1;
        if (this.#hardwareTries >= MAX_HARDWARE_TRIES)
          return this.#fail({ kind: 'failed', reason: result.reason });
        this.#parts.send({ kind: 'stalled', reason: result.reason });
        return this.#retryLater(items);
      case 'failed':
        return this.#fail(result);
    }
  }

  #answer(outcomes: readonly ItemOutcome[], durationMs: number): void {
    this.#tries = 0;
    this.#hardwareTries = 0;
    this.#hasWritten = true;
    this.#parts.send({ kind: 'done', outcomes, durationMs });
    if (this.#isSound(this.#parts.checkpointer.afterBatch())) this.#armIdle();
  }

  #retryLater(items: readonly BatchItem[]): void {
    const { firstRetryDelayMs, maxRetryDelayMs } = this.#parts.retry;
    const delayMs = Math.min(maxRetryDelayMs, firstRetryDelayMs * 2 ** this.#tries);
    this.#tries += 1;
    clearTimeout(this.#idle);
    this.#idle = undefined;
    setTimeout(() => {
      // On a full disk, a log that can be emptied makes room.
      if (this.#isSound(this.#parts.checkpointer.whenIdle(false))) this.#run(items);
    }, delayMs);
  }

  #whenIdle(): void {
    this.#idle = undefined;
    if (this.#hasWritten) this.#armIdle();
    else this.#isSound(this.#parts.checkpointer.whenIdle(false));
  }

  #close(isClean: boolean): void {
    clearTimeout(this.#idle);
    if (isClean) this.#leaveClean();
    if (!this.#isSound(this.#parts.checkpointer.whenIdle(true))) return;
    this.#parts.close();
    this.#parts.send({ kind: 'closed' });
    this.#parts.leave();
  }

  #leaveClean(): void {
    try {
      this.#parts.leaveClean();
    } catch {
      // No room for the mark of a clean stop: to the next owner this stop looks like a crash.
    }
  }

  /** Fails the store when a checkpoint gave a reason to. */
  #isSound(failure: string | null): boolean {
    if (failure !== null) this.#fail({ kind: 'failed', reason: failure });
    return failure === null;
  }

  #fail(fault: FinalFault): void {
    clearTimeout(this.#idle);
    this.#parts.send(fault);
    this.#parts.leave();
  }
}
