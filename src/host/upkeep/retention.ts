/**
 * Removes sagas that ended long ago: a few at a time, each batch behind the commits that wait, so
 * that none of them is held up, and as many a second as settle.
 *
 * What stays: start keys, so that a repeated start is still known; dead letters; sagas with a
 * message on its way; children of a parent that is not over, which may have to ask for them.
 * Invariant: what a wrong clock would remove is gone for good, so after a jump of it nothing is
 * removed before a day of running time has passed or a person says that the clock is right.
 */
import { isoText } from '../../core/iso-time.ts';
import {
  holdStatement,
  type RemovalPlace,
  removalStatements,
} from '../../store/queries/removal.ts';
import type { Store } from '../../store/store.ts';
import { written } from '../../store/commit.ts';
import type { Retention, RetentionState } from '../backstep.ts';
import type { Clock } from '../clock.ts';
import { type JumpWatch, watchJumps } from './jump-watch.ts';
import type { Logger } from '../turn-log.ts';
import { Rounds } from './rounds.ts';

/** Sagas looked at, and removed with one commit; twice as many each time while there are more. */
const BATCH_SIZE = 50;
/** Commits that wait behind a batch of this size wait some milliseconds, in both databases. */
const LARGEST_BATCH = 200;
/** Between two batches: this part of the time that the last one took, within bounds. */
const PAUSE_SHARE = 0.25;
const MIN_PAUSE_MS = 5;
const MAX_PAUSE_MS = 50;
/** Those that had to stay are looked at again after so many times what it took to look at all. */
const REST_SHARE = 20;
/** Between two looks when nothing is old enough. */
const LOOK_MS = 60_000;
/** How long nothing is removed after a jump of the clock. */
const HOLD_MS = 86_400_000;
/** How often the rest of the hold is stored: a restart lengthens it by at most this. */
const KEPT_EVERY_MS = 3_600_000;
/** Jumps up to this, or up to a tenth of what ended sagas are kept for, are nothing unusual. */
const MAX_TOLERANCE_MS = 3_600_000;
/** A start so long after the newest line of the journal may be one with a wrong clock. */
const MAX_GAP_MS = 86_400_000;

/** Something that goes on beside the sagas. */
export interface Upkeep {
  start(): void;
  stop(): void;
}

/** Of this process, whether or not it owns the database. */
export type OwnRetention = Pick<Retention, 'state' | 'resume'>;

type RetentionStore = Pick<Store, 'upkeep' | 'write' | 'tables' | 'health'>;
type RetentionLog = Pick<Logger, 'error' | 'warn' | 'info'>;

/** Removes what ended `keepEndedMs` ago; absent: everything is kept. */
export function retentionOf(
  store: RetentionStore,
  clock: Clock,
  keepEndedMs: number | undefined,
  log: RetentionLog,
): Upkeep & OwnRetention {
  if (keepEndedMs !== undefined) return new Removal(store, clock, keepEndedMs, log);
  const idle = (): void => {};
  return { start: idle, stop: idle, state: () => ({ kind: 'off' }), resume: async () => {} };
}

class Removal implements Upkeep, OwnRetention {
  readonly #store: RetentionStore;
  readonly #clock: Clock;
  readonly #keepMs: number;
  readonly #log: RetentionLog;
  readonly #watch: JumpWatch;
  readonly #openedAtMs: number;
  readonly #rounds: Rounds;
  #batchSize = BATCH_SIZE;
  /** Where the look goes on; those before it are gone, or had to stay. `null`: with the oldest. */
  #place: RemovalPlace | null = null;
  /** How long the looks of this pass took. */
  #passMs = 0;
  /** Looks that are left before those that had to stay are looked at again. */
  #looksLeft = 0;
  /** Running time for which nothing is removed; `null`: it is not held. */
  #leftMs: number | null = null;
  /** What the database says of it; `undefined` before the first look. */
  #keptLeftMs: number | null | undefined = undefined;

  constructor(store: RetentionStore, clock: Clock, keepMs: number, log: RetentionLog) {
    this.#store = store;
    this.#clock = clock;
    this.#keepMs = keepMs;
    this.#log = log;
    this.#rounds = new Rounds(clock, () => this.#look());
    this.#openedAtMs = clock.nowMs();
    this.#watch = watchJumps(clock, Math.min(MAX_TOLERANCE_MS, keepMs / 10));
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): void {
    void this.#rounds.stop(); // a batch under way is a commit like any other
  }

  state(): RetentionState {
    return this.#leftMs === null ? { kind: 'removing' } : { kind: 'held', leftMs: this.#leftMs };
  }

  async resume(by = 'unknown'): Promise<void> {
    this.#watch.accept();
    await this.#takeUp();
    if (this.#leftMs !== null) this.#log.warn({ by }, 'a person said that the clock is right');
    await this.#keep(null);
  }

  /** Gives the time until the next look. */
  async #look(): Promise<number> {
    // While the disk is stalled nothing is removed: commits that wait come first.
    if (this.#store.health().kind !== 'ready') return LOOK_MS;
    try {
      const endedBeforeMs = this.#clock.nowMs() - this.#keepMs;
      // The clock is judged after the bound was taken, so that one set in between is noticed.
      return (await this.#isHeld()) ? LOOK_MS : await this.#removeBatch(endedBeforeMs);
    } catch (err) {
      this.#log.error({ err }, 'ended sagas could not be removed; trying again');
      return LOOK_MS;
    }
  }

  /** Gives the time until the next look. */
  async #removeBatch(endedBeforeMs: number): Promise<number> {
    const { upkeep } = this.#store;
    const startedAtMs = this.#clock.nowMs();
    const { sids, next } = await upkeep.removable(endedBeforeMs, this.#batchSize, this.#place);
    this.#passMs += this.#sinceMs(startedAtMs);
    const removals = sids.length === 0 ? [] : removalStatements(this.#store.tables(), sids);
    if (removals.length > 0) await written(this.#store, removals, 'which sagas are removed');
    const pauseMs = this.#sinceMs(startedAtMs) * PAUSE_SHARE;
    if (next === null) return this.#rest();
    this.#place = next;
    this.#batchSize = Math.min(2 * this.#batchSize, LARGEST_BATCH);
    return Math.min(MAX_PAUSE_MS, Math.max(MIN_PAUSE_MS, pauseMs));
  }

  /** After the youngest that is old enough; until all are looked at again, looks go on behind it. */
  #rest(): number {
    this.#batchSize = BATCH_SIZE;
    this.#looksLeft =
      this.#looksLeft > 0 ? this.#looksLeft - 1 : Math.floor((this.#passMs * REST_SHARE) / LOOK_MS);
    if (this.#looksLeft === 0) this.#place = null;
    this.#passMs = 0;
    return LOOK_MS;
  }

  // The wall clock may be set meanwhile.
  #sinceMs(startedAtMs: number): number {
    return Math.max(0, this.#clock.nowMs() - startedAtMs);
  }

  async #isHeld(): Promise<boolean> {
    const gapMs = await this.#takeUp();
    const elapsedMs = this.#watch.elapsedMs() ?? LOOK_MS;
    const jumpMs = this.#watch.jumpMs();
    if (jumpMs !== null) await this.#hold(jumpMs, 'the clock was set');
    else if (gapMs !== null) await this.#hold(gapMs, 'the clock is far from the newest entry');
    else if (this.#leftMs !== null) await this.#passed(this.#leftMs - elapsedMs);
    return this.#leftMs !== null;
  }

  /** Once: what an earlier process knew. Gives how far the clock was from it, when too far. */
  async #takeUp(): Promise<number | null> {
    if (this.#keptLeftMs !== undefined) return null;
    const { heldMs, newestAtMs } = await this.#store.upkeep.removalHold();
    this.#leftMs = heldMs;
    this.#keptLeftMs = heldMs;
    const gapMs = newestAtMs === null ? 0 : this.#openedAtMs - newestAtMs;
    return heldMs === null && Math.abs(gapMs) > MAX_GAP_MS ? gapMs : null;
  }

  async #hold(jumpMs: number, why: string): Promise<void> {
    await this.#keep(HOLD_MS);
    const now = isoText(this.#clock.nowMs());
    this.#log.warn(
      { jumpMs, now },
      `${why}: no ended saga is removed for a day, or until a person says that the clock is right`,
    );
  }

  async #passed(leftMs: number): Promise<void> {
    if (leftMs <= 0) {
      await this.#keep(null);
      this.#log.info({}, 'ended sagas are removed again');
      return;
    }
    this.#leftMs = leftMs;
    const keptMs = this.#keptLeftMs ?? HOLD_MS;
    if (keptMs - leftMs >= KEPT_EVERY_MS) await this.#keep(leftMs);
  }

  async #keep(leftMs: number | null): Promise<void> {
    this.#leftMs = leftMs;
    if (this.#keptLeftMs === leftMs) return;
    const hold = holdStatement(this.#store.tables(), leftMs);
    await written(this.#store, [hold], 'how long no saga is removed');
    this.#keptLeftMs = leftMs;
  }
}
