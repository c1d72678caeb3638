/**
 * How many sagas there are by status, at the same cost however many are kept.
 *
 * What has not ended is counted at every look. What has ended is counted once, a range of internal ids
 * after the other, so that no read takes long; then at each look the newest range again, where most of
 * what ends is, and one of the others in turn: so what is removed, or ends late, shows after as many
 * looks as there are ranges.
 */
import { SAGA_STATUSES } from '../../core/status.ts';
import type { CountedStatus, GaugeReads } from '../../store/queries/gauge-reads.ts';
import type { StatusCounts } from '../../store/read-models.ts';

/** Internal ids of one range. */
const RANGE = 10_000;

/** Gives the way to count them. */
export function sagaCounterOf(
  reads: Pick<GaugeReads, 'notEnded' | 'endedWithin' | 'lastSid'>,
): () => Promise<StatusCounts> {
  /** What each range came to. */
  const ended: (readonly CountedStatus[])[] = [];
  let next = 0;

  async function count(range: number): Promise<void> {
    const afterSid = range * RANGE;
    ended[range] = await reads.endedWithin({ afterSid, untilSid: afterSid + RANGE });
  }

  return async () => {
    const newest = Math.max(0, Math.ceil((await reads.lastSid()) / RANGE) - 1);
    ended.length = Math.min(ended.length, newest + 1); // ids are given anew only once a copy is restored
    if (ended.length > 1) {
      next = (next + 1) % (ended.length - 1);
      await count(next);
    }
    // From the last one that was counted: what ended there since is counted as well.
    for (let range = Math.max(0, ended.length - 1); range <= newest; range += 1) await count(range);
    const counts = Object.fromEntries(SAGA_STATUSES.map((status) => [status, 0])) as {
      -readonly [Status in keyof StatusCounts]: number;
    };
    for (const part of [await reads.notEnded(), ...ended]) {
      for (const { status, count: more } of part) counts[status] += more;
    }
    return counts;
  };
}
