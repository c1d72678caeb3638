/**
 * The bounds of the runtime. Overload is refused before acceptance; accepted work is never shed.
 */

export interface Limits {
  /** Sagas with a turn or an activity under way; past it new starts are refused. */
  readonly busySagas: number;
  /** Idle sagas kept in memory to save a load. */
  readonly idleSagas: number;
  /** Events and commands waiting in one saga's mailbox. */
  readonly mailboxEvents: number;
  /** Activities running at once; more wait in line. */
  readonly activitiesInFlight: number;
  /** Restarts of one saga's actor within the period before it is parked. */
  readonly restarts: number;
  readonly restartPeriodMs: number;
  /**
   * Longest state of a saga that goes forward, with the results that only its journal has, in UTF-16
   * units; see state-bound.ts.
   */
  readonly stateLength: number;
  /**
   * Longest output of one attempt, in UTF-16 units of JSON. A quarter of a state: an output is kept
   * as a result and may be handed on as an input, and others need room beside it.
   */
  readonly outputLength: number;
}

export const DEFAULT_LIMITS: Limits = {
  busySagas: 20_000,
  idleSagas: 5_000,
  mailboxEvents: 1_000,
  activitiesInFlight: 1_000,
  restarts: 5,
  restartPeriodMs: 60_000,
  stateLength: 1_048_576,
  outputLength: 262_144,
};
