/**
 * What a host tells and does of the calls by which machines run sagas together; a host in one
 * process makes none.
 */

/** Calls that do not get on by themselves, or wait; as of the last look. */
export interface CallFigures {
  /** Somebody paused them, or the server of the calls did after too many tries. */
  readonly paused: number;
  /** Tried again more than twenty times: a worker that dies of a turn, or is gone. */
  readonly retriedOften: number;
  /** They began on a deployment that takes no new calls, and end there. */
  readonly pinned: number;
  /** Turns that are not written to the database yet. */
  readonly unwritten: number;
  /** Since when the oldest of those waits, milliseconds since 1970; `null`: none does. */
  readonly oldestUnwrittenMs: number | null;
}

/** What is wrong with some calls. */
export type CallTroubleKind = 'paused' | 'retried-often' | 'pinned' | 'unwritten';

/** One call that does not get on. */
export interface StuckCall {
  /** As the server of the calls names it. */
  readonly id: string;
  /** Service and handler. */
  readonly what: string;
  /** `null`: not known. */
  readonly sagaId: string | null;
  readonly status: string;
  readonly tries: number;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** What the last try came to; `null`: nothing that is known. */
  readonly failure: string | null;
}

/** Calls with the same trouble. */
export interface CallTrouble {
  readonly kind: CallTroubleKind;
  readonly calls: number;
  /** What to do, in one sentence or two. */
  readonly cure: string;
  /** A few of them, the oldest first. */
  readonly examples: readonly StuckCall[];
}

/**
 * What came of a nudge. `nudged`: what was live and had no call any more was dispatched again, with
 * its own key. `moves`: calls of the saga are under way, and nothing was done. `waits`: nothing is
 * live but timers, which were armed again, or nothing at all.
 */
export interface Nudged {
  readonly kind: 'nudged' | 'moves' | 'waits';
  /** Attempts and children that had no call any more, as `activity/token`. */
  readonly dispatched: readonly string[];
  /** Calls under way, of a saga that moves. */
  readonly calls: readonly StuckCall[];
}

/** How far the projection is rebuilt. */
export interface ResyncProgress {
  readonly state: 'never' | 'running' | 'ended' | 'failed';
  /** Sagas that the server of the calls has. */
  readonly sagas: number;
  /** Those that were not in the database, and those that were there with fewer turns. */
  readonly missing: number;
  readonly behind: number;
  /** Of both, how many were written by now. */
  readonly written: number;
  /** Those whose turns are not kept any more, or not all of them: they cannot be written. */
  readonly lost: number;
  /** A few of those. */
  readonly lostExamples: readonly string[];
  /** Why it failed. */
  readonly error: string | null;
}

/** The calls between machines; see `Backstep.calls`. */
export interface HostCalls {
  /** As of the last look; `null`: the server of the calls does not answer. */
  figures(): CallFigures | null;
  /** Looks now. Throws `unavailable`. */
  troubles(): Promise<readonly CallTrouble[]>;
  /**
   * Dispatches again what is live in a saga that stands still because somebody killed a call of it,
   * each attempt with the key that it has. Does nothing to a saga that moves. `isTrial`: says what it
   * would do. Throws `not-found` and `unavailable`.
   */
  nudge(sagaId: string, options?: { readonly isTrial?: boolean }): Promise<Nudged>;
  /**
   * Begins to write every turn that the database lacks, of what the server of the calls keeps; one
   * run at a time, and a second request joins it. `isTrial`: only counts. Resolves once it is counted
   * what there is to do. Throws `unavailable`.
   */
  resync(options?: { readonly isTrial?: boolean }): Promise<ResyncProgress>;
  /** How far the last run is. */
  resynced(): ResyncProgress;
}
