/**
 * One saga, alive: takes one inbound after the other through load, turn, commit, dispatch.
 *
 * Invariant: one turn in flight. The next one is computed only on a committed state, and nothing
 * outside sees a turn before its commit returned. The store is the truth; what is held here is a
 * cache of it and may be dropped whenever no turn is in flight.
 */
import type { ExpectedStatement } from '../../core/activity.ts';
import { BackstepError } from '../../core/errors.ts';
import { type Failure, toFailure } from '../../core/failure.ts';
import type { Inbound } from '../../core/turn/inbound.ts';
import type { SagaState } from '../../core/state.ts';
import { migrationTurn } from '../../core/history/migration.ts';
import { turn } from '../../core/turn/turn.ts';
import { START_TIMER } from '../../core/turn/waiting-room.ts';
import type { SagaCommit } from '../../store/commit.ts';
import type { ActorHost, Item, LoadedSaga } from './actor-host.ts';
import { checked } from '../event-check.ts';
import { Mailbox } from './mailbox.ts';
import { isForVersion } from './parking.ts';
import { commitOf, type PendingTurn } from './projection.ts';
import { changedElsewhere, refusalOf, versionConflict } from './refusals.ts';
import { tooLongResult } from './state-bound.ts';

const NO_STATEMENTS: readonly ExpectedStatement[] = [];

export class SagaActor {
  readonly sid: number;
  readonly #host: ActorHost;
  readonly #mailbox: Mailbox<Item>;
  #saga: LoadedSaga | null;
  #isRunning = false;

  constructor(sid: number, host: ActorHost, saga: LoadedSaga | null) {
    this.sid = sid;
    this.#host = host;
    this.#saga = saga;
    this.#mailbox = new Mailbox(
      host.mailboxEvents,
      (item) => item.kind === 'inbound' && item.reply !== null,
    );
  }

  /** True while an item waits or a turn is in flight. */
  get isBusy(): boolean {
    return this.#isRunning || this.#mailbox.size > 0;
  }

  /** Items in the mailbox. */
  get waiting(): number {
    return this.#mailbox.size;
  }

  /** The saga, when it is in memory. */
  get loaded(): LoadedSaga | null {
    return this.#saga;
  }

  /** The state after the last committed turn, when it is in memory. */
  get state(): SagaState | null {
    return this.#saga?.state ?? null;
  }

  /** Queues an item. Throws `overloaded` when too many external ones wait. */
  put(item: Item): void {
    this.#mailbox.put(item);
    if (!this.#isRunning) void this.#run();
  }

  /** Takes items but no turn until `release`: the saga's start is being committed. */
  hold(): void {
    this.#isRunning = true;
  }

  /** The start is durable; what came meanwhile is taken now. */
  release(saga: LoadedSaga): void {
    this.#saga = saga;
    void this.#run();
  }

  /**
   * Gives up what waits. It was not accepted, so its senders are told; what was accepted is in the
   * store, for whoever takes the saga up next.
   */
  turnAway(reason: unknown): void {
    for (let item = this.#mailbox.take(); item !== undefined; item = this.#mailbox.take()) {
      if (item.kind === 'inbound') item.reply?.reject(reason);
      if (item.kind === 'wake') item.done?.(reason);
    }
  }

  /** Queues something that happened, without anybody waiting for an answer. */
  tell(
    inbound: Exclude<Inbound, { kind: 'start' }>,
    statements: readonly ExpectedStatement[] = NO_STATEMENTS,
  ): void {
    this.put({ kind: 'inbound', inbound, statements, reply: null });
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let item = this.#mailbox.take(); item !== undefined; item = this.#mailbox.take()) {
      let why: unknown = null;
      try {
        await this.#process(item);
      } catch (error) {
        why = error;
        await this.#survive(item, error);
      }
      if (item.kind === 'wake') item.done?.(why);
    }
    this.#isRunning = false;
    this.#host.onIdle(this.sid);
  }

  #process(item: Item): Promise<void> {
    // The usual way costs no promise of its own.
    if (item.kind === 'inbound' && this.#saga !== null) return this.#take(this.#saga, item);
    return this.#processLoaded(item);
  }

  async #processLoaded(item: Item): Promise<void> {
    if (item.kind === 'wake' && item.isReloaded === true) this.#saga = null;
    const saga = (this.#saga ??= await this.#migrate(await this.#host.load(this.sid)));
    switch (item.kind) {
      case 'inbound':
        await this.#take(saga, item);
        return;
      case 'wake':
        this.#fireDueTimers(saga.state);
        return;
      case 'recover':
        this.#recover(saga.state, item.wasClean);
        return;
    }
  }

  async #take(saga: LoadedSaga, item: Item & { kind: 'inbound' }): Promise<void> {
    const { registration, state } = saga;
    const { reply } = item;
    const schema = schemaFor(saga, item);
    const inbound = schema === null ? item.inbound : await checked(schema, state.id, item.inbound);
    if (reply !== null && reply.expectedVersion !== null && reply.expectedVersion !== state.seq) {
      reply.reject(versionConflict(state, reply.expectedVersion));
      return;
    }
    const taken = turn(registration.definition, state, inbound, this.#host.nowMs());
    if (taken.kind === 'refused') {
      reply?.reject(refusalOf(registration.definition, state, inbound, taken));
      return;
    }
    const effects = taken.kind === 'advanced' ? taken.effects : [];
    // The writes of a success count only with a turn that takes it: not with the note of a late
    // one, nor with a turn that parks the saga as it was before.
    const isTaken = taken.kind === 'advanced' && taken.state.status !== 'parked';
    const statements = isTaken ? item.statements : NO_STATEMENTS;
    const { state: after, record } = taken;
    const pending = { sid: this.sid, before: state, after, record, effects };
    const commit = this.#commitOf(pending, statements);
    if (commit === null) return;
    const outcome = await this.#host.commit(commit);
    switch (outcome.kind) {
      case 'committed':
        this.#saga = { registration, state: after };
        this.#host.dispatch(this.sid, registration, { ...pending, seq: outcome.seq });
        reply?.resolve(after);
        return;
      case 'unmet':
        this.#takeAsFailed(inbound, undone(outcome.code, outcome.message, false));
        return;
      case 'rejected':
        if (statements.length === 0) throw new BackstepError('conflict', outcome.message);
        this.#takeAsFailed(inbound, undone('statement-failed', outcome.message, true));
        return;
      case 'stale':
      case 'key-taken':
        throw changedElsewhere(state.id);
    }
  }

  // `null`: the result makes the state too long, and is taken once more as a failed attempt, while
  // there is room to compensate.
  #commitOf(pending: PendingTurn, statements: readonly ExpectedStatement[]): SagaCommit | null {
    try {
      return commitOf(pending, this.#host.stateLength, null, statements);
    } catch (error) {
      const { inbound } = pending.record;
      const failure = tooLongResult(error, inbound, statements.length === 0);
      if (failure === null) throw error;
      this.#takeAsFailed(inbound, failure);
      return null;
    }
  }

  // The turn was not written, and what a transactional activity would have written neither.
  #takeAsFailed(inbound: Inbound, failure: Failure): void {
    if (inbound.kind !== 'result') throw new BackstepError('conflict', failure.message);
    const again: Inbound & { kind: 'result' } = {
      ...inbound,
      outcome: { kind: 'failed', failure },
    };
    this.#mailbox.putBack({
      kind: 'inbound',
      inbound: again,
      statements: NO_STATEMENTS,
      reply: null,
    });
  }

  // Its own turn, durable before the first one under the new version.
  async #migrate({ migration, ...saga }: LoadedSaga): Promise<LoadedSaga> {
    if (migration === undefined) return saga;
    const { registration, state } = saga;
    const { id, version, hash: definitionHash } = { ...registration.definition, id: state.id };
    const taken = migrationTurn(registration.definition, id, migration, this.#host.nowMs());
    const before = { ...taken.state, seq: taken.state.seq - 1 };
    const { record, effects } = taken;
    const pending = { sid: this.sid, before, after: taken.state, record, effects };
    const commit = commitOf(pending, this.#host.stateLength, null, NO_STATEMENTS);
    const outcome = await this.#host.commit({ ...commit, version: { version, definitionHash } });
    if (outcome.kind !== 'committed') throw changedElsewhere(id);
    this.#host.dispatch(this.sid, registration, { ...pending, seq: outcome.seq });
    return { registration, state: taken.state };
  }

  #fireDueTimers(state: SagaState): void {
    const nowMs = this.#host.nowMs();
    const due = Object.entries(state.live.timers)
      .filter(([, timer]) => timer.dueMs !== undefined && timer.dueMs <= nowMs)
      .sort(([, a], [, b]) => (a.dueMs ?? 0) - (b.dueMs ?? 0));
    for (const [timer, { token }] of due) this.tell(this.#timer(timer, token));
    // The clock was set back since the wake-up was due: it is armed again.
    if (due.length === 0) this.#host.arm(this.sid, state);
  }

  // A saga that was accepted long ago begins under the bound of today.
  #timer(timer: string, token: number): Inbound & { kind: 'timer' } {
    const inbound = { kind: 'timer', timer, token } as const;
    if (timer !== START_TIMER || this.#saga === null) return inbound;
    return { ...inbound, isLimited: this.#host.isBounded(this.#saga.registration.definition.id) };
  }

  // What is overdue first: an attempt that its deadline ends need not start again.
  #recover(state: SagaState, wasClean: boolean): void {
    this.#fireDueTimers(state);
    for (const [activity, { token }] of Object.entries(state.live.activities)) {
      const interrupted = { kind: 'interrupted', activity, token } as const;
      this.tell(wasClean ? { ...interrupted, wasClean } : interrupted);
    }
  }

  async #survive(item: Item, error: unknown): Promise<void> {
    this.#saga = null;
    if (item.kind === 'inbound' && item.reply !== null) {
      item.reply.reject(error); // not accepted, so only the caller must know
      return;
    }
    switch (this.#host.decide(this.sid, error)) {
      case 'restart':
        this.#mailbox.putBack(item);
        return;
      case 'later':
        this.#mailbox.putBack(item);
        await new Promise<void>((resolve) => this.#host.later(resolve));
        return;
      case 'park':
        await this.#park(error);
        return;
      case 'stop':
        this.turnAway(error);
    }
  }

  async #park(error: unknown): Promise<void> {
    const failure: Failure = { ...toFailure(error), retryable: false };
    try {
      if (isForVersion(error)) throw error; // it was never loaded
      const inbound: Inbound & { kind: 'park' } = { kind: 'park', failure };
      await this.#process({ kind: 'inbound', inbound, statements: NO_STATEMENTS, reply: null });
    } catch {
      // Its state cannot even be read, or not written: park the row as it is.
      this.#saga = null;
      await this.#host.parkUnreadable(this.sid, failure);
      this.turnAway(error);
    }
  }
}

function undone(code: string, message: string, retryable: boolean): Failure {
  return { code, message, retryable, ambiguous: false };
}

// Only what somebody waits for has come from outside; a refusal goes to them.
function schemaFor({ registration }: LoadedSaga, { inbound, reply }: Item & { kind: 'inbound' }) {
  if (inbound.kind !== 'event' || reply === null) return null;
  return registration.events.get(inbound.event.type) ?? null;
}
