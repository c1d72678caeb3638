/**
 * How many sagas there are by status, at the same cost however many are kept: of metrics, figures and
 * the overview.
 *
 * What has not ended is counted at every look. What has ended is counted once, a range of internal ids
 * after the other, so that no read takes long; then at each look the ranges where sagas ended since the
 * one before, and one of the others in turn: so only what is removed, or ended while the clock stood
 * earlier, shows after as many looks as there are ranges.
 */
import { SAGA_STATUSES } from '../../core/status.ts';
import type { CountedStatus, GaugeReads } from '../../store/queries/gauge-reads.ts';
import type { StatusCounts } from '../../store/read-models.ts';

/** Internal ids of one range. */
const RANGE = 10_000;
/** An end is committed no later than so long after the time that it has. */
const LATE_MS = 10_000;

type Reads = Pick<
  GaugeReads,
  'notEnded' | 'endedWithin' | 'lastSid' | 'lastEndMs' | 'rangesEndedSince'
>;

/** Gives the way to count them. Who asks during a look is told by the next one, that all share. */
export function sagaCounterOf(reads: Reads): () => Promise<StatusCounts> {
  const look = lookOf(reads);
  let running: Promise<StatusCounts> | null = null;
  let next: Promise<StatusCounts> | null = null;
  const begin = (): Promise<StatusCounts> => {
    const begun = look().finally(() => {
      if (running === begun) running = null;
    });
    running = begun;
    return begun;
  };
  return () => {
    if (running === null) return begin();
    // What was committed since it began may be missing in it.
    next ??= running
      .catch(() => {}) // whoever waits for that one is told
      .then(() => {
        next = null;
        return begin();
      });
    return next;
  };
}

function lookOf(reads: Reads): () => Promise<StatusCounts> {
  /** What each range came to. */
  const ended: (readonly CountedStatus[])[] = [];
  let inTurn = 0;
  let lastEndMs = 0;

  async function count(range: number): Promise<void> {
    const afterSid = range * RANGE;
    ended[range] = await reads.endedWithin({ afterSid, untilSid: afterSid + RANGE });
  }

  return async () => {
    const newest = Math.max(0, Math.ceil((await reads.lastSid()) / RANGE) - 1);
    const nowEndMs = await reads.lastEndMs();
    ended.length = Math.min(ended.length, newest + 1); // ids are given anew only once a copy is restored
    const known = ended.length;
    const again = new Set<number>();
    if (known > 0) {
      const since = await reads.rangesEndedSince(lastEndMs - LATE_MS, RANGE);
      for (const range of since) if (range < known) again.add(range);
      inTurn = (inTurn + 1) % known;
      again.add(inTurn);
    }
    for (const range of again) await count(range);
    for (let range = known; range <= newest; range += 1) await count(range);
    lastEndMs = nowEndMs;
    const counts = Object.fromEntries(SAGA_STATUSES.map((status) => [status, 0])) as {
      -readonly [Status in keyof StatusCounts]: number;
    };
    for (const part of [await reads.notEnded(), ...ended]) {
      for (const { status, count: more } of part) counts[status] += more;
    }
    return counts;
  };
}
