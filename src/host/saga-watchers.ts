/**
 * Who watches which saga, and waiting for what becomes of one.
 *
 * Invariant: whoever watches hears of every turn of the saga that commits from then on, in order, or
 * that there may be some that it did not hear of.
 * A turn of a saga that nobody watches costs one look into a map.
 */
import { BackstepError } from '../core/errors.ts';
import type { SagaState } from '../core/state.ts';
import type { FeedEntry } from '../store/read-models.ts';
import type { Clock } from './clock.ts';

/** One committed turn. */
export interface SagaNews {
  readonly entry: FeedEntry;
  /** `null`: it was parked because its state cannot be read. */
  readonly after: SagaState | null;
}

/** Who hears of the turns of a saga. */
export interface Watcher {
  readonly hear: (news: SagaNews) => void;
  /** Turns may have committed that were not told. */
  readonly missed?: () => void;
  /** Nothing more will be heard: the engine has stopped. */
  readonly end?: () => void;
}

export class SagaWatchers {
  readonly #bySaga = new Map<string, Set<Watcher>>();
  #hasEnded = false;

  /** Gives the way to stop watching. */
  add(sagaId: string, watcher: Watcher): () => void {
    if (this.#hasEnded) watcher.end?.();
    const watchers = this.#bySaga.get(sagaId) ?? new Set();
    watchers.add(watcher);
    this.#bySaga.set(sagaId, watchers);
    return () => {
      watchers.delete(watcher);
      if (watchers.size === 0 && this.#bySaga.get(sagaId) === watchers) this.#bySaga.delete(sagaId);
    };
  }

  has(sagaId: string): boolean {
    return this.#bySaga.has(sagaId);
  }

  tell(entry: FeedEntry, after: SagaState | null): void {
    const watchers = this.#bySaga.get(entry.sagaId);
    if (watchers === undefined) return;
    for (const { hear } of watchers) hear({ entry, after });
  }

  /** Turns may have committed, of any saga, that nobody here was told of. */
  missed(): void {
    for (const watchers of this.#bySaga.values()) for (const { missed } of watchers) missed?.();
  }

  /** From now on nobody hears anything. */
  end(): void {
    this.#hasEnded = true;
    for (const watchers of this.#bySaga.values()) for (const { end } of watchers) end?.();
    this.#bySaga.clear();
  }
}

/** What somebody waits for. */
export interface Wait<Answer> {
  readonly sagaId: string;
  /** `null`: as long as it takes. */
  readonly withinMs: number | null;
  /** What is so now already; `null`: not yet. */
  readonly look: () => Promise<Answer | null>;
  /** What a turn makes so; `null`: not yet; `look`: the turn does not tell, so look again. */
  readonly hear: (news: SagaNews) => Answer | 'look' | null;
}

/**
 * The first answer; `null` once the time is over. Rejects as `look` does, with what `hear` throws,
 * and with `unavailable` when the engine stops before.
 */
export async function firstAnswer<Answer>(
  { watchers, clock }: { readonly watchers: Pick<SagaWatchers, 'add'>; readonly clock: Clock },
  { sagaId, withinMs, look, hear }: Wait<Answer>,
): Promise<Answer | null> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | null>();
  const lookNow = (): Promise<void> =>
    look().then((found) => {
      if (found !== null) resolve(found);
    }, reject);
  // Listen first, then look: what happens in between is seen either way.
  const stopListening = watchers.add(sagaId, {
    hear: (news) => {
      try {
        const answer = hear(news);
        if (answer === 'look') void lookNow();
        else if (answer !== null) resolve(answer);
      } catch (error) {
        reject(error);
      }
    },
    missed: () => void lookNow(),
    end: () => reject(new BackstepError('unavailable', 'the engine is stopping')),
  });
  const looked = lookNow();
  // However short the time is, it has looked once.
  const giveUp = (): void => void looked.then(() => resolve(null));
  const cancelTimeout = withinMs === null ? null : clock.after(withinMs, giveUp);
  try {
    return await promise;
  } finally {
    stopListening();
    cancelTimeout?.();
  }
}
