/** How long an owner, its standbys and their connections wait for one another. */
import { DURATION_EXAMPLES, type Duration, isDuration, toMs } from '../../../core/duration.ts';
import { BackstepError } from '../../../core/errors.ts';

export interface PostgresTimings {
  /** Between two beats of an owner. Default 500. */
  readonly beatEveryMs: number;
  /** Between two looks of a standby at the owner. Default 200. */
  readonly pollEveryMs: number;
  /** Silent for so long and without its lock: the owner is dead. Default 1,000. */
  readonly deadAfterMs: number;
  /** Silent for so long with its lock: the owner hangs, and is taken it from. Default 3,000. */
  readonly hungAfterMs: number;
  /** The server may leave a statement unanswered for so long. Default 5,000. */
  readonly answerLimitMs: number;
  /** Before a lost connection is tried again; doubles up to the longest. Default 50. */
  readonly firstReconnectMs: number;
  /** Default 250. */
  readonly longestReconnectMs: number;
  /** Before a stalled batch is tried again; doubles up to the longest. Default 50. */
  readonly firstRetryDelayMs: number;
  /** Default 2,000. */
  readonly maxRetryDelayMs: number;
}

export const DEFAULT_TIMINGS: PostgresTimings = {
  beatEveryMs: 500,
  pollEveryMs: 200,
  deadAfterMs: 1_000,
  hungAfterMs: 3_000,
  answerLimitMs: 5_000,
  firstReconnectMs: 50,
  longestReconnectMs: 250,
  firstRetryDelayMs: 50,
  maxRetryDelayMs: 2_000,
};

/**
 * How soon a standby takes the database over. Every process over one schema is given the same: a
 * standby judges the owner's beats by its own values.
 */
export interface TakeOverOptions {
  /** Between two beats of the owner: from 20ms to 1m. Default 500ms. */
  readonly beatEvery?: Duration;
  /** Between two looks of a standby at the owner: from 20ms to 1m. Default 200ms. */
  readonly lookEvery?: Duration;
  /**
   * An owner that is silent for so long, and whose session is gone, is dead: at least twice
   * `beatEvery`, at most 1h. Default 1s.
   */
  readonly deadAfter?: Duration;
  /**
   * An owner that is silent for so long hangs, though its session is there, and the database is
   * taken from it: at least `deadAfter`, at most 1h. A process that stands still for longer, such as
   * a machine that sleeps, is one. Default 3s.
   */
  readonly hungAfter?: Duration;
}

const SHORTEST_MS = 20;
const LONGEST_INTERVAL_MS = 60_000;
const LONGEST_SILENCE_MS = 3_600_000;
/** A beat that is late once is no death. */
const BEATS_MISSED = 2;

/** The same in milliseconds. Throws `input-invalid` for what would take over from one that is well. */
export function readTakeOver(given: TakeOverOptions = {}): Partial<PostgresTimings> {
  const { beatEveryMs: beat, pollEveryMs: look, deadAfterMs, hungAfterMs } = DEFAULT_TIMINGS;
  const beatEveryMs = msOf('beatEvery', given.beatEvery ?? beat, SHORTEST_MS, LONGEST_INTERVAL_MS);
  const pollEveryMs = msOf('lookEvery', given.lookEvery ?? look, SHORTEST_MS, LONGEST_INTERVAL_MS);
  const dead = msOf(
    'deadAfter',
    given.deadAfter ?? deadAfterMs,
    BEATS_MISSED * beatEveryMs,
    LONGEST_SILENCE_MS,
  );
  const hung = msOf('hungAfter', given.hungAfter ?? hungAfterMs, dead, LONGEST_SILENCE_MS);
  return { beatEveryMs, pollEveryMs, deadAfterMs: dead, hungAfterMs: hung };
}

function msOf(name: keyof TakeOverOptions, given: Duration, least: number, most: number): number {
  const ms = isDuration(given) ? toMs(given, name) : NaN;
  if (ms >= least && ms <= most) return ms;
  const wants = `give ${least} to ${most} ms, or a text such as ${DURATION_EXAMPLES}`;
  throw new BackstepError('input-invalid', `takeOver.${name} is ${String(given)}; ${wants}`);
}
