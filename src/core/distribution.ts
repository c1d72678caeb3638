/**
 * How durations are spread, in buckets of constant relative width: counting one costs one index,
 * and percentiles of any stretch of time come from two snapshots.
 *
 * Invariant: a percentile is at most one bucket, 19 percent, away from the true value.
 */

/** Buckets per doubling. */
const PER_OCTAVE = 4;
/** Upper bound of the first bucket unless told, in milliseconds: for what takes up to half an hour. */
const FIRST_MS = 0.125;
/** So many doublings of the first bound, and what is longer counts as the last. */
const BUCKETS = 96;

/** What was counted up to a moment; never changed afterwards. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly total: number;
  readonly sumMs: number;
  /** Upper bound of the first bucket. */
  readonly firstMs: number;
}

/** Counts durations. */
export interface DurationCounter {
  /** Negative ones, of a clock that was set back, count as 0. */
  note(durationMs: number): void;
  snapshot(): Distribution;
}

/** A counter at zero; `firstMs`: the upper bound of its first bucket. */
export function createDurationCounter(firstMs = FIRST_MS): DurationCounter {
  const counts = Array<number>(BUCKETS).fill(0);
  let total = 0;
  let sumMs = 0;
  return {
    note(durationMs) {
      const index =
        durationMs <= firstMs ? 0 : Math.ceil(Math.log2(durationMs / firstMs) * PER_OCTAVE);
      const bucket = Math.min(index, BUCKETS - 1);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      total += 1;
      sumMs += Math.max(0, durationMs);
    },
    snapshot: () => ({ counts: [...counts], total, sumMs, firstMs }),
  };
}

/** How many were at most so long, for every doubling of the first bound. */
export function octavesOf({
  counts,
  firstMs,
}: Distribution): readonly { readonly upToMs: number; readonly count: number }[] {
  const octaves: { upToMs: number; count: number }[] = [];
  let count = 0;
  for (const [index, inBucket] of counts.entries()) {
    count += inBucket;
    if (index % PER_OCTAVE === 0)
      octaves.push({ upToMs: firstMs * 2 ** (index / PER_OCTAVE), count });
  }
  return octaves;
}

/** A distribution of nothing. */
export const NO_DURATIONS: Distribution = createDurationCounter().snapshot();

/** What was counted between two snapshots of one counter. */
export function between(before: Distribution, after: Distribution): Distribution {
  return {
    counts: after.counts.map((count, index) => count - (before.counts[index] ?? 0)),
    total: after.total - before.total,
    sumMs: after.sumMs - before.sumMs,
    firstMs: after.firstMs,
  };
}

/**
 * The duration that the share `quantile` (0 to 1) of all does not exceed, in milliseconds; `null`
 * when nothing was counted.
 */
export function quantileMs(
  { counts, total, firstMs }: Distribution,
  quantile: number,
): number | null {
  if (total <= 0) return null;
  let left = Math.max(1, Math.ceil(total * quantile));
  for (const [index, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return firstMs * 2 ** (index / PER_OCTAVE);
  }
  return FIRST_MS * 2 ** ((BUCKETS - 1) / PER_OCTAVE);
}
