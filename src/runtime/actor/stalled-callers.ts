/**
 * Callers whose turn is in a batch that a full or busy disk keeps. They are answered when it is
 * durable; while that takes too long they are told that nobody knows yet, and go and ask again.
 */
import { BackstepError } from '../../core/errors.ts';

/** Longest a caller waits for a stalled disk. */
const MAX_STALL_MS = 5_000;
const RETRY_AFTER_MS = 5_000;

export class StalledCallers {
  readonly #waiting = new Set<(error: BackstepError) => void>();

  /** The same answer, unless the disk stalls for too long. */
  answer<Answer>(asked: Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      asked.then(
        (answer) => {
          this.#waiting.delete(reject);
          resolve(answer);
        },
        (error: unknown) => {
          this.#waiting.delete(reject);
          reject(error);
        },
      );
    });
  }

  /** The disk has been stalled for so long. Nothing new is accepted meanwhile. */
  onStalled(forMs: number): void {
    if (forMs < MAX_STALL_MS) return;
    for (const tell of this.#waiting) {
      tell(
        new BackstepError(
          'unavailable',
          'the disk is full or busy, and the outcome is not known yet; ask again with the same key',
          { retryAfterMs: RETRY_AFTER_MS },
        ),
      );
    }
    this.#waiting.clear();
  }
}
