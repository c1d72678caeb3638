/**
 * Removes sagas that ended long ago: a few at a time, each batch behind the commits that wait, so
 * that none of them is held up.
 *
 * What stays: start keys, so that a repeated start is still known; dead letters; sagas with a
 * message on its way; children of a parent that is not over, which may have to ask for them.
 */
import { removalStatements } from '../store/upkeep-reads.ts';
import type { Store } from '../store/store.ts';
import type { CancelTimeout, Clock } from './clock.ts';

/** Sagas removed with one commit. */
const BATCH_SIZE = 50;
/** Between two batches. */
const PAUSE_MS = 50;
/** Between two looks when nothing is old enough. */
const LOOK_MS = 60_000;

/** Something that goes on beside the sagas. */
export interface Upkeep {
  start(): void;
  stop(): void;
}

/** Removes what ended `keepEndedMs` ago; `null`: everything is kept. */
export function retentionOf(
  store: Pick<Store, 'upkeep' | 'write' | 'health'>,
  clock: Clock,
  keepEndedMs: number | null,
  onError: (error: unknown) => void,
): Upkeep {
  return keepEndedMs === null
    ? { start: () => {}, stop: () => {} }
    : new Retention(store, clock, keepEndedMs, onError);
}

class Retention implements Upkeep {
  readonly #store: Pick<Store, 'upkeep' | 'write' | 'health'>;
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #onError: (error: unknown) => void;
  #cancel: CancelTimeout | null = null;
  #isStopped = false;

  constructor(
    store: Pick<Store, 'upkeep' | 'write' | 'health'>,
    clock: Clock,
    keepMs: number,
    onError: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#onError = onError;
  }

  start(): void {
    this.#later(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #later(delayMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(delayMs, () => void this.#removeBatch());
  }

  async #removeBatch(): Promise<void> {
    // A stalled disk has other things to do than to forget.
    if (this.#store.health().kind !== 'ready') return this.#later(LOOK_MS);
    try {
      const endedBeforeMs = this.#clock.nowMs() - this.#keepMs;
      const sids = await this.#store.upkeep.removable(endedBeforeMs, BATCH_SIZE);
      if (sids.length > 0) await this.#store.write(removalStatements(sids));
      this.#later(sids.length === BATCH_SIZE ? PAUSE_MS : LOOK_MS);
    } catch (error) {
      this.#onError(error);
      this.#later(LOOK_MS);
    }
  }
}
