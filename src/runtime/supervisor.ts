/**
 * Keeps saga actors alive: finds or makes the actor of a saga, carries out what its turns command,
 * restarts it within a budget and parks it beyond.
 *
 * Restart intensity and period are those of Erlang's supervisor: more than `restarts` failures
 * within `restartPeriodMs` and the saga is parked, with a dead letter. Never a hot loop.
 */
import type { Failure } from '../core/failure.ts';
import { BackstepError } from '../core/errors.ts';
import { decodeState } from '../core/codec.ts';
import { hasLiveActivity, nextDueMs, type SagaState } from '../core/state.ts';
import { isEnded, isSettled, type SagaStatus } from '../core/status.ts';
import { crc32 } from 'node:zlib';
import type { SagaCommit } from '../store/commit.ts';
import { outboxId } from '../store/outbox-id.ts';
import type { FeedEntry } from '../store/read-models.ts';
import type { PendingMessage, Store } from '../store/store.ts';
import type { AttemptTask } from './activity-runner.ts';
import type { Clock } from './clock.ts';
import type { Limits } from './limits.ts';
import { parkedCommit } from './projection.ts';
import type { Registration, Registry } from './registry.ts';
import { type ActorHost, type CommittedTurn, type LoadedSaga, SagaActor } from './saga-actor.ts';
import type { TurnLog } from './turn-log.ts';

/** Where a turn's effects go. */
export interface Outlets {
  readonly runner: {
    start(task: AttemptTask): void;
    stop(sid: number, activity: string, token: number): void;
  };
  readonly timers: { set(sid: number, dueMs: number | null, isInFlight: boolean): void };
  readonly courier: { deliver(message: PendingMessage): void };
  readonly feed: { publish(entry: FeedEntry): void };
}

type SettledListener = (status: SagaStatus) => void;

export class Supervisor implements ActorHost {
  readonly mailboxEvents: number;
  readonly stateLength: number;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #limits: Limits;
  readonly #log: TurnLog;
  #outlets: Outlets | null = null;
  readonly #actors = new Map<number, SagaActor>();
  readonly #sids = new Map<string, number>();
  /** Idle actors, the one idle for longest first. */
  readonly #idle = new Set<SagaActor>();
  readonly #restartsMs = new Map<number, number[]>();
  readonly #settledListeners = new Map<number, Set<SettledListener>>();
  readonly #idleListeners = new Set<() => void>();
  #settledSagas = 0;

  constructor(store: Store, clock: Clock, registry: Registry, limits: Limits, log: TurnLog) {
    this.#store = store;
    this.#clock = clock;
    this.#registry = registry;
    this.#limits = limits;
    this.#log = log;
    this.mailboxEvents = limits.mailboxEvents;
    this.stateLength = limits.stateLength;
  }

  /** Where effects go; set once, before the first turn. */
  connect(outlets: Outlets): void {
    this.#outlets = outlets;
  }

  get liveActors(): number {
    return this.#actors.size;
  }

  get settledSagas(): number {
    return this.#settledSagas;
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

  /** Takes a saga that was just born. */
  adopt(sid: number, saga: LoadedSaga, turn: CommittedTurn): void {
    const actor = new SagaActor(sid, this, saga);
    this.#actors.set(sid, actor);
    this.#sids.set(saga.state.id, sid);
    this.dispatch(actor, saga.registration, turn);
    if (!actor.isBusy) this.onIdle(actor);
  }

  /** Puts a saga of an earlier process back to work; `null`: its state could not be read. */
  resume(sid: number, saga: LoadedSaga | null): void {
    const actor = new SagaActor(sid, this, saga);
    this.#actors.set(sid, actor);
    actor.put({ kind: 'recover' });
  }

  /** The state after the last committed turn when the saga is in memory. */
  stateInMemory(sid: number): SagaState | null {
    return this.#actors.get(sid)?.state ?? null;
  }

  /** The internal id of a saga. Throws `not-found`. */
  async sidOf(sagaId: string): Promise<number> {
    const sid = this.#sids.get(sagaId) ?? (await this.#store.sidOf(sagaId));
    if (sid === null) throw new BackstepError('not-found', `no saga with id "${sagaId}"`);
    return sid;
  }

  /** Calls back once when the saga next settles. Returns the way to stop listening. */
  onSettled(sid: number, listener: SettledListener): () => void {
    const listeners = this.#settledListeners.get(sid) ?? new Set();
    listeners.add(listener);
    this.#settledListeners.set(sid, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#settledListeners.delete(sid);
    };
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
    return this.#clock.nowMs();
  }

  commit(commit: SagaCommit): ReturnType<Store['commit']> {
    return this.#store.commit(commit);
  }

  async load(sid: number): Promise<LoadedSaga> {
    const stored = await this.#store.loadBySid(sid);
    if (stored === null) throw new BackstepError('not-found', `no saga with sid ${sid}`);
    if (crc32(stored.state) !== stored.checksum) {
      const message = `saga ${stored.id}: stored state does not match its checksum`;
      throw new BackstepError('state-unreadable', message);
    }
    const registration = this.#registry.version(stored.type, stored.version);
    if (registration.definition.hash !== stored.definitionHash) {
      this.#log.definitionEdited(stored.id, registration.definition);
    }
    const state = decodeState(registration.definition, stored.id, stored.state);
    this.#sids.set(stored.id, sid);
    return { registration, state: { ...state, seq: stored.seq } };
  }

  dispatch(actor: SagaActor, registration: Registration, turn: CommittedTurn): void {
    const { sid } = actor;
    const { after, effects, record, seq } = turn;
    const outlets = this.#outletsOrThrow();
    const { id: type } = registration.definition;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'stop-activity':
          outlets.runner.stop(sid, effect.activity, effect.token);
          break;
        case 'start-activity': {
          const implementation = registration.activities.get(effect.src);
          if (implementation === undefined) break; // register() has checked every name
          outlets.runner.start({ sid, sagaId: after.id, effect, implementation });
          break;
        }
        case 'emit': {
          const { event, index } = effect;
          const data = JSON.stringify(event);
          const message = { id: outboxId(seq, index), sid, sagaId: after.id, type };
          outlets.courier.deliver({ ...message, event: event.type, data });
          break;
        }
      }
    }
    const isAsleep = isEnded(after.status) || after.status === 'parked';
    outlets.timers.set(sid, isAsleep ? null : nextDueMs(after.live), hasLiveActivity(after.live));
    this.#log.turn(type, turn);
    const { inbound: _, ...line } = record;
    outlets.feed.publish({ seq, sagaId: after.id, type, ...line });
    if (isSettled(after.status)) this.#settle(sid, turn.before, after);
  }

  decide(actor: SagaActor, error: unknown): 'restart' | 'park' | 'stop' {
    if (isStorageDown(error)) return 'stop';
    if (error instanceof BackstepError && error.code === 'not-found') return 'stop';
    const nowMs = this.#clock.nowMs();
    const sinceMs = nowMs - this.#limits.restartPeriodMs;
    const recent = (this.#restartsMs.get(actor.sid) ?? []).filter((atMs) => atMs > sinceMs);
    this.#restartsMs.set(actor.sid, [...recent, nowMs]);
    this.#log.actorFailed(actor.sid, recent.length + 1, error);
    if (recent.length < this.#limits.restarts) return 'restart';
    this.#restartsMs.delete(actor.sid);
    return 'park';
  }

  async parkUnreadable(actor: SagaActor, failure: Failure): Promise<void> {
    const { sid } = actor;
    try {
      const stored = await this.#store.loadBySid(sid);
      if (stored === null || stored.status === 'parked' || isEnded(stored.status)) return;
      const commit = parkedCommit(stored, failure, this.#clock.nowMs());
      const outcome = await this.#store.commit(commit);
      if (outcome.kind !== 'committed') return; // somebody else moved it: it can be read after all
      const { data: _, ...line } = commit.journal;
      const { id: sagaId, type } = stored;
      this.#outletsOrThrow().feed.publish({ seq: outcome.seq, sagaId, type, ...line });
      this.#log.parkedUnreadable(sagaId, failure);
    } catch (error) {
      this.#log.actorFailed(sid, 0, error);
    }
  }

  onIdle(actor: SagaActor): void {
    const state = actor.state;
    if (state === null || isSettled(state.status)) {
      this.#forget(actor, state);
    } else {
      this.#idle.add(actor);
      const [oldest] = this.#idle;
      if (this.#idle.size > this.#limits.idleSagas && oldest !== undefined) {
        this.#forget(oldest, oldest.state);
      }
    }
    for (const listener of this.#idleListeners) listener();
  }

  #forget(actor: SagaActor, state: SagaState | null): void {
    this.#idle.delete(actor);
    this.#actors.delete(actor.sid);
    if (state !== null) this.#sids.delete(state.id);
    this.#restartsMs.delete(actor.sid);
  }

  #settle(sid: number, before: SagaState | null, after: SagaState): void {
    if (before === null || !isSettled(before.status)) this.#settledSagas += 1;
    const listeners = this.#settledListeners.get(sid);
    if (listeners === undefined) return;
    this.#settledListeners.delete(sid);
    for (const listener of listeners) listener(after.status);
  }

  #outletsOrThrow(): Outlets {
    if (this.#outlets !== null) return this.#outlets;
    throw new BackstepError('unavailable', 'the supervisor is not connected');
  }
}

function isStorageDown(error: unknown): boolean {
  return (
    error instanceof BackstepError &&
    (error.code === 'storage-failed' || error.code === 'unavailable')
  );
}
