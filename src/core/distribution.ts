/**
 * How durations are spread, in buckets of constant relative width: counting one costs one index,
 * and percentiles of any stretch of time come from two snapshots.
 *
 * Invariant: a percentile is at most one bucket, 19 percent, away from the true value.
 */

/** Buckets per doubling. */
const PER_OCTAVE = 4;
/** Upper bound of the first bucket, in milliseconds. */
const FIRST_MS = 0.125;
/** The last bucket ends at about 35 minutes; what is longer counts as that. */
const BUCKETS = 96;

/** What was counted up to a moment; never changed afterwards. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly total: number;
  readonly sumMs: number;
}

/** Counts durations. */
export interface DurationCounter {
  /** Negative ones, of a clock that was set back, count as 0. */
  note(durationMs: number): void;
  snapshot(): Distribution;
}

/** A counter at zero. */
export function createDurationCounter(): DurationCounter {
  const counts = Array<number>(BUCKETS).fill(0);
  let total = 0;
  let sumMs = 0;
  return {
    note(durationMs) {
      const index =
        durationMs <= FIRST_MS ? 0 : Math.ceil(Math.log2(durationMs / FIRST_MS) * PER_OCTAVE);
      const bucket = Math.min(index, BUCKETS - 1);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      total += 1;
      sumMs += Math.max(0, durationMs);
    },
    snapshot: () => ({ counts: [...counts], total, sumMs }),
  };
}

/** How many were at most so long, for every doubling of the first bound. */
export function octavesOf({
  counts,
}: Distribution): readonly { readonly upToMs: number; readonly count: number }[] {
  const octaves: { upToMs: number; count: number }[] = [];
  let count = 0;
  for (const [index, inBucket] of counts.entries()) {
    count += inBucket;
    if (index % PER_OCTAVE === 0)
      octaves.push({ upToMs: FIRST_MS * 2 ** (index / PER_OCTAVE), count });
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
  };
}

/**
 * The duration that the share `quantile` (0 to 1) of all does not exceed, in milliseconds; `null`
 * when nothing was counted.
 */
export function quantileMs({ counts, total }: Distribution, quantile: number): number | null {
  if (total <= 0) return null;
  let left = Math.max(1, Math.ceil(total * quantile));
  for (const [index, count] of counts.entries()) {
    left -= count;
    if (left <= 0) return FIRST_MS * 2 ** (index / PER_OCTAVE);
  }
  return FIRST_MS * 2 ** ((BUCKETS - 1) / PER_OCTAVE);
}
