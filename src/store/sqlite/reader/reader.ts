/**
 * Reads off the main thread, in bounded time.
 *
 * One query is at the thread at a time. One that takes too long is given up: its thread is ended
 * and a new one takes the next query. Native code cannot be interrupted, so an ended thread may
 * still finish its query first; only so many of those may be around. Never writes.
 */
import type { Worker } from 'node:worker_threads';
import { BackstepError } from '../../../core/errors.ts';
import { toFailure } from '../../../core/failure.ts';
import type { ReadAnswer, ReaderOptions, ReadQuery } from './reader-protocol.ts';
import { MAX_QUEUED_READS, readUnavailable, tookTooLong, tooManyReads } from '../../read-limits.ts';
import { startWorker } from '../../worker-url.ts';

/** Most given-up threads still busy; above it reads are refused as `unavailable`. */
const MAX_GIVEN_UP_READS = 3;

interface PendingRead {
  readonly query: ReadQuery;
  readonly resolve: (rows: readonly unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/** A lane of reads; lanes do not wait for each other. The thread starts with the first query. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #timeLimitMs: number;
  #queue: PendingRead[] = [];
  #worker: Worker | undefined;
  #current: PendingRead | undefined;
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
    if (this.#queue.length >= MAX_QUEUED_READS) return Promise.reject(tooManyReads());
    const { promise, resolve, reject } = Promise.withResolvers<readonly unknown[]>();
    this.#queue.push({ query: { sql, parameters }, resolve, reject });
    this.#next();
    return promise;
  }

  /** Refuses what waits and ends the thread. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#finish()?.reject(readUnavailable('the store is closed'));
    for (const read of this.#queue) read.reject(readUnavailable('the store is closed'));
    this.#queue = [];
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const read = this.#queue.shift();
    if (read === undefined) {
      this.#worker?.unref(); // an idle thread does not keep the process
      return;
    }
    if (this.#givenUp >= MAX_GIVEN_UP_READS) {
      read.reject(readUnavailable('slow reads are still being cleared away'));
      return this.#next();
    }
    this.#current = read;
    this.#worker ??= this.#startWorker();
    this.#worker.ref();
    if (this.#isReady) this.#armDeadline();
    this.#post(this.#worker, read);
  }

  #post(worker: Worker, read: PendingRead): void {
    try {
      worker.postMessage(read.query);
    } catch (thrown) {
      // A parameter that cannot be cloned, such as a function.
      this.#finish();
      read.reject(new Error('a parameter of a read cannot be sent', { cause: thrown }));
      this.#next();
    }
  }

  #armDeadline(): void {
    const read = this.#current;
    this.#deadline = setTimeout(() => {
      // When this thread was blocked itself, the answer may be waiting behind this timer.
      setImmediate(() => {
        if (this.#current === read) this.#giveUp();
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
      if (this.#current !== undefined) this.#armDeadline();
      return;
    }
    const read = this.#finish();
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
    this.#next();
  }

  #giveUp(): void {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#givenUp += 1;
    void worker?.terminate().finally(() => {
      this.#givenUp -= 1;
    });
    this.#finish()?.reject(tookTooLong(this.#timeLimitMs));
    this.#next();
  }

  /** After a crash; a thread that was given up on is no longer ours and is ignored. */
  #replace(worker: Worker, reason: string): void {
    if (worker !== this.#worker) return;
    this.#worker = undefined;
    this.#finish()?.reject(readUnavailable(reason));
    this.#next();
  }

  #finish(): PendingRead | undefined {
    clearTimeout(this.#deadline);
    const read = this.#current;
    this.#current = undefined;
    return read;
  }
}
