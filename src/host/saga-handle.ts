/**
 * One saga as a program holds it: what it may be told, asked and waited for, typed from its
 * definition where the program has that.
 *
 * A handle holds nothing of the saga but its id: it may be kept, dropped, or made again in another
 * process.
 */
import type { Duration } from '../core/duration.ts';
import type { SagaState } from '../core/state.ts';
import type { SagaStatus } from '../core/status.ts';
import type { OperatorCommand, OutsideEvent } from '../core/turn/inbound.ts';
import type { FeedEntry } from '../store/read-models.ts';
import type { Outcome, Unsettled } from './outcome.ts';

export interface SendOptions {
  /** The event is taken once per id. Default: one of its own. */
  readonly eventId?: string;
  /** Who sends it, and why: with either, it stands in the audit of the saga like a command. */
  readonly by?: string;
  readonly reason?: string;
}

export interface CommandOptions {
  /** The saga's `seq`; another one throws `conflict`. */
  readonly expectedVersion?: number | undefined;
}

/** How long somebody waits. */
export interface TimeLimit {
  /** Longest wait. Default: as long as it takes. */
  readonly within?: Duration;
}

/**
 * A saga that exists. Everything throws `not-found` where there is no saga of that id, or none of
 * that type where the definition was given.
 */
export interface SagaHandle<Output = unknown, Event = OutsideEvent> {
  readonly id: string;
  /**
   * Sends an event; resolves once the turn is durable. Throws `not-legal` (with the event types
   * accepted now, and those kept now for later), `input-invalid` (its schema refuses it),
   * `not-json`, `overloaded`, `unavailable`.
   */
  send(event: Event, options?: SendOptions): Promise<SagaState>;
  /** As `send`, for what an operator may order. */
  command(command: OperatorCommand, options?: CommandOptions): Promise<SagaState>;
  /** The state after the last committed turn; `null` when there is no such saga. */
  state(): Promise<SagaState | null>;
  /**
   * Calls the listener after each commit of this saga, in order, from now on. It must not block.
   * Returns the way to stop.
   */
  subscribe(listener: (entry: FeedEntry) => void): () => void;
  /**
   * Resolves with the first state, from now on and every turn counted, of which the predicate is
   * true; with `null` once the time is over or the saga ended without. Throws `unavailable` when the
   * engine stops before.
   */
  waitFor(predicate: (state: SagaState) => boolean, options?: TimeLimit): Promise<SagaState | null>;
  /**
   * Resolves once the saga is settled: it ended, or needs a person. With `within` it resolves with
   * the present status, which is none of those, once the time is over. Any number of sagas may be
   * waited for; those that are not in memory are looked up in turn. Throws `unavailable` when the
   * engine stops before.
   */
  settled(): Promise<Outcome<Output>>;
  settled(options: TimeLimit): Promise<Outcome<Output> | Unsettled>;
}

/**
 * Where a saga stands that was started; of one that was removed since, how it ended. `removed`:
 * that is not known, because the version that removed it did not keep it.
 */
export type StartStatus = SagaStatus | 'removed';

/** What came of a start. */
export interface StartResult {
  readonly id: string;
  readonly status: StartStatus;
  /** False when the key had started this saga before. */
  readonly isNew: boolean;
  /** True when that saga ended so long ago that only its key is kept: see `keepEndedFor`. */
  readonly isRemoved: boolean;
}

/** A saga that was started, now or by the same key before. */
export interface Spawned<Output = unknown, Event = OutsideEvent>
  extends SagaHandle<Output, Event>, StartResult {}
