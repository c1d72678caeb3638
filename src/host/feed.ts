/**
 * The live feed inside the process: every committed journal line, in commit order, to whoever
 * listens. Listeners cannot slow or fail the engine.
 *
 * Invariant: lines leave in the order of their global seq without a gap. Commits of one batch are
 * answered together and their continuations may interleave, so a line waits here for the ones
 * before it.
 */
import type { FeedEntry } from '../store/read-models.ts';

/** Lines held back for an earlier one; past it the gap is given up, so memory stays bounded. */
const MAX_EARLY = 50_000;

export type FeedListener = (entry: FeedEntry) => void;

export class Feed {
  readonly #listeners = new Set<FeedListener>();
  readonly #early = new Map<number, FeedEntry>();
  #nextSeq = 1;
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** Before the first line: those up to `lastSeq` were fed by the owners before. */
  goOnAfter(lastSeq: number): void {
    this.#nextSeq = lastSeq + 1;
  }

  /** Of the line that was told last; 0: none ever was. */
  get lastSeq(): number {
    return this.#nextSeq - 1;
  }

  subscribe(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(entry: FeedEntry): void {
    if (entry.seq > this.#nextSeq) {
      this.#early.set(entry.seq, entry);
      if (this.#early.size > MAX_EARLY) this.#skipGap();
      return;
    }
    this.#send(entry);
    if (this.#early.size > 0) this.#sendEarly();
  }

  // Listeners see the gap in the seq and read the journal.
  #skipGap(): void {
    this.#nextSeq = Math.min(...this.#early.keys());
    this.#sendEarly();
  }

  #sendEarly(): void {
    let entry = this.#early.get(this.#nextSeq);
    while (entry !== undefined) {
      this.#early.delete(entry.seq);
      this.#send(entry);
      entry = this.#early.get(this.#nextSeq);
    }
  }

  #send(entry: FeedEntry): void {
    this.#nextSeq = entry.seq + 1;
    for (const listener of this.#listeners) tellListener(listener, entry, this.#onError);
  }
}

/** Calls a listener whose fault is never the engine's. */
export function tellListener(
  listener: FeedListener,
  entry: FeedEntry,
  onError: (error: unknown) => void,
): void {
  try {
    // An async listener fails later, and an unhandled rejection would end the process.
    const returned: unknown = listener(entry);
    if (returned instanceof Promise) returned.catch(onError);
  } catch (error) {
    onError(error); // an observer's fault is never the engine's
  }
}
