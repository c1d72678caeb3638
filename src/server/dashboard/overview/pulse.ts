/**
 * The pulse of the engine over the last minutes, from what is committed: sagas settled, and how
 * long they took.
 *
 * Must never slow the engine: a commit costs one look-up. Everything is bounded; what does not fit
 * is not measured. Knows nothing of the time before the process started.
 */
import { isSettled } from '../../../core/status.ts';
import type { FeedEntry } from '../../../store/read-models.ts';

/** Width of one bucket, and how many are kept: five minutes. */
export const BUCKET_MS = 5_000;
const BUCKETS = 60;
/** Sagas whose start is remembered; of others the duration is not known. */
const MAX_STARTS = 50_000;
/** Durations kept of one bucket: enough for its 95th percentile. */
const MAX_DURATIONS = 1_000;

/** One bucket, the oldest first. */
export interface Beat {
  /** Sagas settled per second. */
  readonly settledPerSecond: number;
  /** The 95th percentile from start to settled, in milliseconds; `null` when none was measured. */
  readonly p95Ms: number | null;
}

interface Bucket {
  /** Which stretch of time it is of. */
  readonly index: number;
  settled: number;
  readonly durationsMs: number[];
}

export class Pulse {
  readonly #nowMs: () => number;
  readonly #startedAtMs = new Map<string, number>();
  readonly #buckets: Bucket[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** To be called with every committed entry, in order. */
  take({ sagaId, cause, kind, status, atMs }: FeedEntry): void {
    if (cause === 'start' && this.#startedAtMs.size < MAX_STARTS) {
      this.#startedAtMs.set(sagaId, atMs);
    }
    if (kind !== 'transition' || !isSettled(status)) return;
    const bucket = this.#present();
    bucket.settled += 1;
    const startedAtMs = this.#startedAtMs.get(sagaId);
    if (startedAtMs === undefined) return;
    this.#startedAtMs.delete(sagaId);
    if (bucket.durationsMs.length < MAX_DURATIONS) bucket.durationsMs.push(atMs - startedAtMs);
  }

  /** All buckets that are over, the oldest first. */
  beats(): readonly Beat[] {
    const present = this.#indexNow();
    const known = new Map(this.#buckets.map((bucket) => [bucket.index, bucket]));
    return Array.from({ length: BUCKETS }, (_, position) => {
      const bucket = known.get(present - BUCKETS + position);
      return bucket === undefined ? { settledPerSecond: 0, p95Ms: null } : beatOf(bucket);
    });
  }

  #indexNow(): number {
    return Math.floor(this.#nowMs() / BUCKET_MS);
  }

  #present(): Bucket {
    const index = this.#indexNow();
    const last = this.#buckets.at(-1);
    // A clock that was set back goes on counting into the newest bucket.
    if (last !== undefined && last.index >= index) return last;
    const bucket = { index, settled: 0, durationsMs: [] };
    this.#buckets.push(bucket);
    while (this.#buckets.length > BUCKETS + 1) this.#buckets.shift();
    return bucket;
  }
}

function beatOf({ settled, durationsMs }: Bucket): Beat {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const p95Ms = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
  return { settledPerSecond: (settled * 1_000) / BUCKET_MS, p95Ms };
}
