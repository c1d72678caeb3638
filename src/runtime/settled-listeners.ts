/** Who waits for which saga to settle. Each is called once. */
import type { SagaStatus } from '../core/status.ts';

export type SettledListener = (status: SagaStatus) => void;

export class SettledListeners {
  readonly #bySid = new Map<number, Set<SettledListener>>();

  /** Gives the way to stop listening. */
  add(sid: number, listener: SettledListener): () => void {
    const listeners = this.#bySid.get(sid) ?? new Set();
    listeners.add(listener);
    this.#bySid.set(sid, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#bySid.get(sid) === listeners) this.#bySid.delete(sid);
    };
  }

  call(sid: number, status: SagaStatus): void {
    const listeners = this.#bySid.get(sid);
    if (listeners === undefined) return;
    this.#bySid.delete(sid);
    for (const listener of listeners) listener(status);
  }
}
