/**
 * The feed of a process that does not own the database: reads the journal behind the owner's commits
 * and hands each line on as the owner would.
 *
 * Invariant: lines leave in the order of their seq, each once, none left out: batches commit in that
 * order, so what is read after a cursor is all there is. A hint only says when to look.
 */
import type { SagaState } from '../../core/state.ts';
import type { FeedEntry, ReadModels } from '../../store/read-models.ts';
import type { Store } from '../../store/store.ts';
import type { CancelTimeout, Clock } from '../../host/clock.ts';
import type { Logger } from '../../host/turn-log.ts';

/** Lines read at once. */
const PAGE_SIZE = 500;
/** When the journal is read again that could not be read. */
const RETRY_MS = 1_000;
/** The same at a take-over, which waits for it: a server that restarts drops every connection once. */
const END_RETRY_MS = 100;
const END_TRIES = 5;

export interface FollowerPorts {
  readonly read: Pick<ReadModels, 'feedAfter' | 'lastSeq'>;
  readonly store: Pick<Store, 'onNews'>;
  readonly clock: Clock;
  readonly log: Pick<Logger, 'error'>;
  /** Whether somebody watches that saga. */
  isWatched(sagaId: string): boolean;
  /** The saga as it is now; `null`: it cannot be read. */
  look(sagaId: string): Promise<SagaState | null>;
  /** The next line. */
  publish(entry: FeedEntry): void;
  /** The same for whoever watches its saga. */
  tell(entry: FeedEntry, after: SagaState | null): void;
  /** Lines were left out: whoever waits for one must look for itself. */
  missed(): void;
}

export class FeedFollower {
  readonly #ports: FollowerPorts;
  readonly #placed = Promise.withResolvers<void>();
  #afterSeq: number | null = null;
  #reading: Promise<void> | null = null;
  #mustReadAgain = false;
  /** It does not follow any more. */
  #isStopped = false;
  /** Nobody hears it any more. */
  #isOver = false;
  #cancelRetry: CancelTimeout | null = null;
  #stopListening = (): void => {};
  #endPause = (): void => {};

  constructor(ports: FollowerPorts) {
    this.#ports = ports;
  }

  /**
   * Resolves once it knows where it follows from, so that it misses no later line, or does not
   * follow; `null`: so it is already.
   */
  get placed(): Promise<void> | null {
    return this.#afterSeq === null && !this.#isStopped ? this.#placed.promise : null;
  }

  /** Follows from where the journal ends now; tells that place before the first line. */
  async start(found: (lastSeq: number) => void): Promise<void> {
    const { read, store, log } = this.#ports;
    while (this.#afterSeq === null && !this.#isStopped) {
      try {
        this.#afterSeq = await read.lastSeq();
        found(this.#afterSeq);
        this.#placed.resolve();
      } catch (err) {
        log.error({ err }, 'the end of the journal could not be read; trying again');
        await this.#pause(RETRY_MS);
      }
    }
    if (this.#isStopped) return;
    this.#stopListening = store.onNews(() => void this.#readOn());
    await this.#readOn();
  }

  /**
   * Hands on what is left, before this process writes the first line itself. What cannot be read in
   * a few tries is left out: who follows the feed sees the gap, and reads the journal; who waits for
   * a saga is told to look.
   */
  async end(): Promise<void> {
    this.#stopFollowing();
    await this.#reading;
    const { log, missed } = this.#ports;
    for (let tries = 1; this.#afterSeq !== null && !this.#isOver; tries += 1) {
      try {
        return await this.#toTheEnd();
      } catch (err) {
        if (this.#isOver) return;
        if (tries === END_TRIES) {
          log.error({ err }, 'the feed goes on with a gap: the journal could not be read');
          return missed();
        }
        await this.#pause(END_RETRY_MS);
      }
    }
    // Where the journal ended was never known, so nothing of it was told.
    if (!this.#isOver) missed();
  }

  /** Nothing is handed on any more. */
  stop(): void {
    this.#isOver = true;
    this.#stopFollowing();
  }

  #stopFollowing(): void {
    this.#isStopped = true;
    this.#placed.resolve();
    this.#stopListening();
    this.#cancelRetry?.();
    this.#endPause();
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#endPause = resolve;
    const cancel = this.#ports.clock.after(delayMs, resolve);
    await promise;
    cancel();
  }

  #readOn(): Promise<void> {
    this.#mustReadAgain = true;
    this.#reading ??= this.#readAll().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#mustReadAgain && !this.#isStopped) {
        this.#mustReadAgain = false;
        await this.#toTheEnd();
      }
    } catch (err) {
      this.#ports.log.error({ err }, 'the journal could not be read for the feed; trying again');
      if (this.#isStopped) return;
      this.#cancelRetry?.();
      this.#cancelRetry = this.#ports.clock.after(RETRY_MS, () => void this.#readOn());
    }
  }

  async #toTheEnd(): Promise<void> {
    for (;;) {
      const page = await this.#ports.read.feedAfter(this.#afterSeq ?? 0, PAGE_SIZE, {});
      for (const entry of page) {
        this.#afterSeq = entry.seq;
        this.#ports.publish(entry);
        if (this.#ports.isWatched(entry.sagaId)) await this.#tell(entry);
      }
      if (page.length < PAGE_SIZE) return;
    }
  }

  async #tell(entry: FeedEntry): Promise<void> {
    const after = await this.#ports.look(entry.sagaId);
    this.#ports.tell(entry, after);
  }
}
