/**
 * Work that goes on beside everything else: a pass, a rest, the next pass.
 *
 * Invariant: one pass at a time, and none begins after `stop`. The rest runs from the end of a pass,
 * so that a slow one never makes a queue.
 */
import type { CancelTimeout, Clock } from '../clock.ts';

export class Rounds {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #pass: () => Promise<number>;
  #cancel: CancelTimeout | null = null;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  /** `pass` must not reject; it resolves with how long to rest, in milliseconds. */
  constructor(clock: Pick<Clock, 'after'>, pass: () => Promise<number>) {
    this.#clock = clock;
    this.#pass = pass;
  }

  /** The first pass begins at once. Idempotent. */
  start(): void {
    if (this.#cancel === null) this.#after(0);
  }

  /** Resolves when the pass under way has ended. Idempotent. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel?.();
    await this.#running;
  }

  #after(restMs: number): void {
    if (this.#isStopped) return;
    this.#cancel = this.#clock.after(restMs, () => void (this.#running = this.#round()));
  }

  async #round(): Promise<void> {
    this.#after(await this.#pass());
  }
}
