/**
 * Reads off the main thread, in bounded time.
 *
 * The thread answers one query after the other, in the order they came. One that takes too long is
 * given up: its thread is ended and a new one takes those behind it. Native code cannot be
 * interrupted, so an ended thread may still finish its query first; only so many of those may be
 * around. Never writes.
 */
import type { Worker } from 'node:worker_threads';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';
import type { ReadAnswer, ReaderOptions, ReadQuery } from './reader-protocol.ts';
import { MAX_QUEUED_READS, readUnavailable, tookTooLong, tooManyReads } from '../../read-limits.ts';
import { startWorker } from '../../worker-url.ts';

/** Most given-up threads still busy; above it reads are refused as `unavailable`. */
const MAX_GIVEN_UP_READS = 3;
/** Most queries at the thread: as many are taken and answered each time that the threads meet. */
const MAX_POSTED = 64;

interface PendingRead {
  readonly query: ReadQuery;
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/** A lane of reads; lanes do not wait for each other. The thread starts with the first query. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #timeLimitMs: number;
  /** Not at the thread yet. */
  #waiting: PendingRead[] = [];
  /** At the thread, in the order of its answers; the deadline is that of the first. */
  #posted: PendingRead[] = [];
  #worker: Worker | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #isReady = false;
  #givenUp = 0;
  #isClosed = false;

  constructor(options: ReaderOptions, timeLimitMs: number) {
    this.#options = options;
    this.#timeLimitMs = timeLimitMs;
  }

  /**
   * The rows of a query. Rejects with `unavailable` (too slow, closed), `overloaded`,
   * `storage-failed` (file unreadable), or an `Error` when the SQL is wrong or writes.
   */
  query(sql: string, parameters: readonly unknown[]): Promise<readonly unknown[]> {
    if (this.#isClosed) return Promise.reject(readUnavailable('the store is closed'));
    if (this.#waiting.length >= MAX_QUEUED_READS) return Promise.reject(tooManyReads());
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
    this.#waiting.push({ query: { sql, parameters }, resolve, reject });
    this.#post();
    return promise;
  }

  /** Refuses what waits and ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#deadline);
    const reads = [...this.#posted, ...this.#waiting];
    this.#posted = [];
    this.#waiting = [];
    for (const read of reads) read.reject(readUnavailable('the store is closed'));
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker !== undefined) await endWhenLoaded(worker, this.#isReady);
  }

  #post(): void {
    while (this.#posted.length < MAX_POSTED) {
      const read = this.#waiting.shift();
      if (read === undefined) break;
      if (this.#givenUp >= MAX_GIVEN_UP_READS) {
        read.reject(readUnavailable('slow reads are still being cleared away'));
        continue;
      }
      this.#worker ??= this.#startWorker();
      try {
        this.#worker.postMessage(read.query);
      } catch (thrown) {
        // A parameter that cannot be cloned, such as a function.
        read.reject(new Error('a parameter of a read cannot be sent', { cause: thrown }));
        continue;
      }
      this.#posted.push(read);
      if (this.#posted.length > 1) continue;
      this.#worker.ref();
      if (this.#isReady) this.#armDeadline();
    }
    if (this.#posted.length === 0) this.#worker?.unref(); // an idle thread does not keep the process
  }

  /** From now on the first query has the whole time. */
  #armDeadline(): void {
    if (this.#deadline !== undefined) {
      this.#deadline.refresh();
      return;
    }
    this.#deadline = setTimeout(() => {
      const [read] = this.#posted;
      // When this thread was blocked itself, the answer may be waiting behind this timer.
      setImmediate(() => {
        if (read !== undefined && this.#posted[0] === read) this.#giveUp();
      });
    }, this.#timeLimitMs);
  }

  #startWorker(): Worker {
    this.#isReady = false;
    const worker = startWorker('reader-worker', import.meta.url, this.#options);
    worker.on('message', (answer: ReadAnswer) => {
      if (worker === this.#worker) this.#take(answer);
    });
    worker.on('error', (thrown: unknown) => {
      this.#replace(worker, `a reader crashed: ${toFailure(thrown).message}`);
    });
    worker.on('exit', () => this.#replace(worker, 'a reader ended by itself'));
    return worker;
  }

  #take(answer: ReadAnswer): void {
    if (answer.kind === 'ready') {
      this.#isReady = true;
      if (this.#posted.length > 0) this.#armDeadline();
      return;
    }
    const read = this.#finish();
    if (this.#posted.length > 0) this.#armDeadline();
    switch (answer.kind) {
      case 'rows':
        read?.resolve(answer.rows);
        break;
      case 'refused':
        read?.reject(new Error(answer.message));
        break;
      case 'unreadable':
        read?.reject(new BackstepError('storage-failed', answer.message));
        break;
    }
    this.#post();
  }

  #giveUp(): void {
    const worker = this.#worker;
    this.#givenUp += 1;
    void worker?.terminate().finally(() => {
      this.#givenUp -= 1;
    });
    this.#abandon(tookTooLong(this.#timeLimitMs));
  }

  /** After a crash; a thread that was given up on is no longer ours and is ignored. */
  #replace(worker: Worker, reason: string): void {
    if (worker === this.#worker) this.#abandon(readUnavailable(reason));
  }

  /** The thread was at its first query: those behind it go to another one. */
  #abandon(error: BackstepError): void {
    this.#worker = undefined;
    this.#finish()?.reject(error);
    this.#waiting.unshift(...this.#posted);
    this.#posted = [];
    this.#post();
  }

  #finish(): PendingRead | undefined {
    const read = this.#posted.shift();
    if (this.#posted.length === 0) {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
    }
    return read;
  }
}

/**
 * Ends a thread once it has loaded what it needs: one that is ended while it loads SQLite's addon takes
 * the whole process with it, as Node's interface for addons aborts where it is interrupted.
 */
async function endWhenLoaded(worker: Worker, isReady: boolean): Promise<void> {
  if (!isReady) {
    worker.ref();
    await new Promise((resolve) => {
      for (const sign of ['message', 'error', 'exit']) worker.once(sign, resolve);
    });
  }
  await worker.terminate();
}
