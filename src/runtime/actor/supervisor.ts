/**
 * Keeps saga actors alive: finds or makes the actor of a saga, carries out what its turns command,
 * restarts it within a budget and parks it beyond.
 *
 * Restart intensity and period are those of Erlang's supervisor: more than `restarts` failures
 * within `restartPeriodMs` and the saga is parked, with a dead letter. Never a hot loop.
 */
import { isOverForParent } from '../../core/turn/child-outcome.ts';
import type { Failure } from '../../core/failure.ts';
import { BackstepError, isPassing } from '../../core/errors.ts';
import { hasLiveActivity, isOver, isStill, nextDueMs, type SagaState } from '../../core/state.ts';
import { isSettled } from '../../core/status.ts';
import type { CommitOutcome, SagaCommit } from '../../store/commit.ts';
import type { Store, StoredSaga } from '../../store/store.ts';
import { AtMost } from '../../host/at-most.ts';
import type { ActorHost, SupervisorParts, Verdict } from './actor-host.ts';
import { type Marker, markerOf } from '../../host/alerts/marker.ts';
import { carryOut, type Outlets } from './outlets.ts';
import { isFinal, isForVersion, mustPark } from '../../host/turn/parking.ts';
import { parkedCommit } from './commit-of.ts';
import { feedEntryOf } from '../../host/turn/projection.ts';
import type { CommittedTurn } from '../../host/turn/taken-turn.ts';
import type { Registration } from '../../host/registry.ts';
import { RestartBudget } from './restart-budget.ts';
import { SagaActor } from './saga-actor.ts';
import { type ActorSaga, SagaLoader } from './saga-loader.ts';
import { TimerPace } from './timer-pace.ts';
import type { TimedTurn } from '../../host/telemetry/saga-telemetry.ts';
import type { TurnLog } from '../../host/turn-log.ts';

/** Sagas looked up by their id at once. */
const MAX_LOOKUPS = 64;
/** How long an actor waits when the store has no room for its turn. */
const BUSY_STORE_PAUSE_MS = 100;
/** When a saga is taken up again that could neither go on nor be parked. */
const LOOK_AGAIN_MS = 30_000;

export class Supervisor implements ActorHost {
  readonly mailboxEvents: number;
  readonly stateLength: number;
  readonly marker: Marker | null;
  readonly #parts: SupervisorParts;
  readonly #log: TurnLog;
  #outlets: Outlets | null = null;
  readonly #actors = new Map<number, SagaActor>();
  readonly #sids = new Map<string, number>();
  /** Idle actors, the one idle for longest first. */
  readonly #idle = new Set<SagaActor>();
  readonly #budget: RestartBudget;
  readonly #lookups = new AtMost(MAX_LOOKUPS);
  readonly #pace = new TimerPace();
  readonly #idleListeners = new Set<() => void>();
  readonly #loader: SagaLoader;
  readonly #background = new Set<number>();
  /** Sagas that nobody set going just now, until they rest: see `Store.commit`. */
  readonly isBackground = (sid: number): boolean => this.#background.has(sid);
  #isStopping = false;

  constructor(parts: SupervisorParts, log: TurnLog) {
    const { store, clock, registry, limits } = parts;
    this.#parts = parts;
    this.#budget = new RestartBudget(limits.restarts, limits.restartPeriodMs);
    this.#loader = new SagaLoader(store, registry, clock, log);
    this.#log = log;
    this.mailboxEvents = limits.mailboxEvents;
    this.stateLength = limits.stateLength;
    this.marker = markerOf(parts.alerts?.rules ?? []);
  }

  /** Where effects go; set once, before the first turn. */
  connect(outlets: Outlets): void {
    this.#outlets = outlets;
  }

  /** Every actor in memory, the oldest first. */
  actors(): Iterable<SagaActor> {
    return this.#actors.values();
  }

  get liveActors(): number {
    return this.#actors.size;
  }

  /** Actors with work in hand. */
  get busyActors(): number {
    return this.#actors.size - this.#idle.size;
  }

  /** The actor of a saga, made cold when it is not in memory. */
  actor(sid: number): SagaActor {
    const known = this.#actors.get(sid);
    if (known !== undefined) {
      this.#idle.delete(known);
      return known;
    }
    const actor = new SagaActor(sid, this, null);
    this.#actors.set(sid, actor);
    return actor;
  }

  /** Starts a saga with its first turn, which the store may refuse; see `SagaActor.begin`. */
  begin(sid: number, ...first: Parameters<SagaActor['begin']>): Promise<CommitOutcome> {
    const parentSid = this.#sids.get(first[1].after.parent?.sagaId ?? '') ?? 0;
    if (this.isBackground(parentSid)) this.#background.add(sid); // at its parent's pace
    return this.actor(sid).begin(...first);
  }

  /** From now on a failing actor is not started again: its saga goes on in the next process. */
  close(): void {
    this.#isStopping = true;
    this.#loader.close();
  }

  /** A durable timer of the saga may be due. */
  wake(sid: number): void {
    this.#background.add(sid);
    this.actor(sid).put({ kind: 'wake' });
  }

  /** Puts a saga of an earlier process, see `recover`, to work; `null`: its state is unreadable. */
  resume(sid: number, saga: ActorSaga | null, wasClean: boolean): void {
    // A saga that must migrate first is loaded by its actor, which commits the migration.
    const actor = new SagaActor(sid, this, saga?.migration === undefined ? saga : null);
    this.#actors.set(sid, actor);
    this.#background.add(sid);
    actor.put({ kind: 'recover', wasClean });
  }

  /** The stored state of a saga that may not be in memory, for whoever only looks. */
  async peek(sid: number): Promise<SagaState> {
    return (await this.#loader.load(sid)).state;
  }

  /** Its row, whatever is registered; `null`: there is none. */
  stored(sid: number): Promise<StoredSaga | null> {
    return this.#loader.stored(sid);
  }

  /** The state after the last committed turn when the saga is in memory. */
  stateInMemory(sid: number): SagaState | null {
    return this.#actors.get(sid)?.state ?? null;
  }

  /** The internal id of a saga; `null`: there is none. */
  findSid = async (sagaId: string): Promise<number | null> =>
    this.#sids.get(sagaId) ?? this.#lookups.run(() => this.#parts.store.sidOf(sagaId));

  /** The internal id of a saga. Throws `not-found`. */
  async sidOf(sagaId: string): Promise<number> {
    const sid = await this.findSid(sagaId);
    if (sid === null) throw new BackstepError('not-found', `no saga with id "${sagaId}"`);
    return sid;
  }

  /** Resolves when no actor has a turn in flight or an item waiting. */
  async quiet(): Promise<void> {
    while ([...this.#actors.values()].some((actor) => actor.isBusy)) {
      await new Promise<void>((resolve) => {
        const once = (): void => {
          this.#idleListeners.delete(once);
          resolve();
        };
        this.#idleListeners.add(once);
      });
    }
  }

  nowMs(): number {
    return this.#parts.clock.nowMs();
  }

  commit(commit: SagaCommit, isAwaited = false): ReturnType<Store['commit']> {
    const isBackground = !isAwaited && this.isBackground(commit.saga.sid);
    return this.#parts.store.commit(commit, isBackground);
  }

  async load(sid: number): Promise<ActorSaga> {
    const saga = await this.#loader.load(sid);
    this.#sids.set(saga.state.id, sid);
    return saga;
  }

  // The turn is durable: nothing that goes wrong here may look like a refusal, and observers hear
  // of it whatever else fails.
  dispatch(sid: number, registration: Registration, turn: CommittedTurn & TimedTurn): void {
    const { before, after, record, seq } = turn;
    const { id: type } = registration.definition;
    const outlets = this.#outletsOrThrow();
    if (before === null) this.#sids.set(after.id, sid);
    const entry = feedEntryOf(seq, after.id, type, record);
    outlets.feed.publish(entry);
    try {
      carryOut(sid, registration, turn, outlets);
      this.arm(sid, after, record.cause);
      outlets.queue.changed(type, sid, before, after);
      if (after.parent !== null && isOverForParent(after)) outlets.children.over(after);
      outlets.telemetry.took(registration.definition, turn);
      outlets.watchers.tell(entry, after);
      this.#log.turn(type, turn);
    } catch (error) {
      this.#log.actorFailed(sid, 0, error);
    }
  }

  arm(sid: number, state: SagaState, cause = 'wake'): void {
    const isAsleep = isOver(state) || isStill(state);
    const nextMs = isAsleep ? null : nextDueMs(state.live);
    const dueMs = this.#pace.wakeAtMs(sid, nextMs, this.#parts.clock.nowMs(), cause);
    const isInFlight = !isAsleep && hasLiveActivity(state.live);
    if (!isInFlight) this.#background.delete(sid);
    this.#outletsOrThrow().timers.set(sid, dueMs, isInFlight);
  }

  isBounded(type: string): boolean {
    return this.#outletsOrThrow().queue.isBounded(type);
  }

  later(run: () => void): void {
    this.#parts.clock.after(BUSY_STORE_PAUSE_MS, run);
  }

  decide(sid: number, error: unknown): Verdict {
    if (this.#isStopping || isFinal(error)) return 'stop';
    if (isPassing(error)) return 'later';
    if (isForVersion(error)) return 'park'; // until another one is registered
    const { failures, isSpent } = this.#budget.fail(sid, this.#parts.clock.nowMs());
    this.#log.actorFailed(sid, failures, error);
    return isSpent ? 'park' : 'restart';
  }

  async parkUnreadable(sid: number, failure: Failure): Promise<void> {
    try {
      const stored = await this.#parts.store.loadBySid(sid);
      if (stored === null) return;
      const { feed, queue, watchers, telemetry } = this.#outletsOrThrow();
      const isParked = stored.status === 'parked';
      const known = isParked ? await this.#parts.store.upkeep.errorOf(sid) : null;
      if (!mustPark(stored.status, failure, known)) {
        if (isSettled(stored.status)) queue.parked(stored);
        return;
      }
      const commit = parkedCommit(stored, failure, this.#parts.clock.nowMs(), this.marker);
      const outcome = await this.#parts.store.commit(commit);
      if (outcome.kind !== 'committed') return this.#lookAgain(sid);
      const { id: sagaId, type, createdAtMs } = stored;
      const entry = feedEntryOf(outcome.seq, sagaId, type, commit.journal);
      this.#background.delete(sid);
      feed.publish(entry);
      queue.parked(stored);
      telemetry.parked(type, createdAtMs, entry.atMs);
      watchers.tell(entry, null);
      this.#log.parkedUnreadable(sagaId, failure);
    } catch (error) {
      this.#log.actorFailed(sid, 0, error);
      this.#lookAgain(sid);
    }
  }

  // The saga could not be parked: without this nobody would look at it before the next restart.
  #lookAgain(sid: number): void {
    this.#parts.clock.after(LOOK_AGAIN_MS, () => {
      if (!this.#isStopping) this.actor(sid).put({ kind: 'recover', wasClean: true });
    });
  }

  forget(sid: number): void {
    this.#background.delete(sid);
    const actor = this.#actors.get(sid);
    if (actor !== undefined) this.#forget(actor, null);
  }

  onIdle(sid: number): void {
    this.#outletsOrThrow().timers.moved(sid);
    const actor = this.#actors.get(sid);
    if (actor === undefined) return;
    const { state } = actor;
    if (state === null || isSettled(state.status)) {
      this.#forget(actor, state);
    } else {
      this.#idle.add(actor);
      const [oldest] = this.#idle;
      if (this.#idle.size > this.#parts.limits.idleSagas && oldest !== undefined) {
        this.#forget(oldest, oldest.state);
      }
    }
    for (const listener of this.#idleListeners) listener();
  }

  #forget(actor: SagaActor, state: SagaState | null): void {
    this.#idle.delete(actor);
    this.#actors.delete(actor.sid);
    if (state !== null) this.#sids.delete(state.id);
    this.#budget.forget(actor.sid);
  }

  #outletsOrThrow(): Outlets {
    if (this.#outlets !== null) return this.#outlets;
    throw new BackstepError('unavailable', 'the supervisor is not connected');
  }
}
