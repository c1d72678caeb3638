/** How long an owner, its standbys and their connections wait for one another. */
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
