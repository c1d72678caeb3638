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
import type { CommitOutcome, SagaCommit } from '../../store/commit.ts';
import type { ActorHost, Item } from './actor-host.ts';
import { checked } from '../../host/event-check.ts';
import type { Registration } from '../../host/registry.ts';
import { Mailbox } from './mailbox.ts';
import { isForVersion } from '../../host/turn/parking.ts';
import type { ActorSaga } from './saga-loader.ts';
import { type Beginning, type BesideTurn, commitOf } from './commit-of.ts';
import { NO_STATEMENTS, type PendingTurn } from './commit-of.ts';
import { changedElsewhere, refusalOf, versionConflict } from '../../host/turn/refusals.ts';
import { tooLongResult } from '../../host/turn/state-bound.ts';
import { failureOfUnwritten } from './unwritten.ts';
import { dueTimers, interruptions } from '../../host/turn/wake-ups.ts';

export class SagaActor {
  readonly sid: number;
  readonly #host: ActorHost;
  readonly #mailbox: Mailbox<Item>;
  #saga: ActorSaga | null;
  #isRunning = false;

  constructor(sid: number, host: ActorHost, saga: ActorSaga | null) {
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
  get loaded(): ActorSaga | null {
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

  /**
   * The first turn of a saga that is not there yet, and with it the saga. Its row can be read, and
   * commanded, before this resolves: what comes meanwhile waits for the turn to be dispatched, and
   * is turned away when the saga was not started.
   */
  async begin(
    registration: Registration,
    first: PendingTurn,
    beside: Beginning,
  ): Promise<CommitOutcome> {
    this.#isRunning = true;
    try {
      const outcome = await this.#host.commit(commitOf(first, this.#host, beside));
      if (this.#hasMoved(registration, first, outcome)) void this.#run();
      else this.#abandon(new BackstepError('not-found', `no saga with id "${first.after.id}"`));
      return outcome;
    } catch (error) {
      this.#abandon(error);
      throw error;
    }
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
    // A loaded saga skips `#processLoaded`: that saves one promise per turn.
    if (item.kind === 'inbound' && this.#saga !== null) return this.#take(this.#saga, item);
    return this.#processLoaded(item);
  }

  async #processLoaded(item: Item): Promise<void> {
    if (item.kind === 'wake' && item.isReloaded === true) this.#saga = null;
    const saga = (this.#saga ??= await this.#migrate(await this.#host.load(this.sid), item));
    switch (item.kind) {
      case 'inbound':
        await this.#take(saga, item);
        return;
      case 'wake':
        this.#fireDueTimers(saga);
        return;
      case 'recover':
        this.#recover(saga, item.wasClean);
        return;
    }
  }

  async #take(saga: ActorSaga, item: Item & { kind: 'inbound' }): Promise<void> {
    const { registration, state, startedAtMs } = saga;
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
    const { id: type } = registration.definition;
    const pending = { sid: this.sid, type, startedAtMs, before: state, after, record, effects };
    const commit = this.#commitOf(pending, { statements, row: item.row });
    if (commit === null) return;
    const outcome = await this.#host.commit(commit, reply !== null);
    if (this.#hasMoved(registration, pending, outcome)) reply?.resolve(after);
    else this.#takeAsFailed(inbound, failureOfUnwritten(outcome, statements.length > 0, state.id));
  }

  // Every turn of every kind passes here: what is durable is the saga, and only then has effects.
  #hasMoved(
    registration: Registration,
    pending: PendingTurn,
    outcome: CommitOutcome,
  ): outcome is Extract<CommitOutcome, { kind: 'committed' }> {
    if (outcome.kind !== 'committed') return false;
    const { after: state, startedAtMs } = pending;
    this.#saga = { registration, state, startedAtMs };
    this.#host.dispatch(this.sid, registration, { ...pending, seq: outcome.seq });
    return true;
  }

  // `null`: the result makes the state too long, and is taken once more as a failed attempt, while
  // there is room to compensate.
  #commitOf(pending: PendingTurn, beside: BesideTurn): SagaCommit | null {
    try {
      return commitOf(pending, this.#host, beside);
    } catch (error) {
      const { inbound } = pending.record;
      const failure = tooLongResult(error, inbound, beside.statements?.length === 0);
      if (failure === null) throw error;
      this.#takeAsFailed(inbound, failure);
      return null;
    }
  }

  // Takes the result of an attempt again as a failure. Neither its turn nor the statements of its
  // transactional activity were written.
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

  // A migration is a turn of its own, durable before the first turn under the new version.
  async #migrate({ migration, renamed, ...saga }: ActorSaga, { kind }: Item): Promise<ActorSaga> {
    if (migration === undefined) return saga;
    const { registration, state, startedAtMs } = saga;
    const { id: type, version, hash: definitionHash } = registration.definition;
    const taken = migrationTurn(registration.definition, state.id, migration, this.#host.nowMs());
    const before = { ...taken.state, seq: taken.state.seq - 1 };
    const { state: after, record } = taken;
    const effects = renamed?.stops ?? [];
    const pending = { sid: this.sid, type, startedAtMs, before, after, record, effects };
    const commit = commitOf(pending, this.#host, { version: { version, definitionHash } });
    const outcome = await this.#host.commit(commit);
    if (!this.#hasMoved(registration, pending, outcome)) throw changedElsewhere(after.id);
    if (kind !== 'recover') for (const each of renamed?.starts ?? []) this.tell(each);
    return { registration, state: after, startedAtMs };
  }

  #abandon(reason: unknown): void {
    this.#host.forget(this.sid);
    this.turnAway(reason);
  }

  #fireDueTimers({ registration, state }: ActorSaga): void {
    const { definition } = registration;
    const due = dueTimers(state, this.#host.nowMs(), () => this.#host.isBounded(definition.id));
    for (const timer of due) this.tell(timer);
    // The clock was set back since the wake-up was due: it is armed again.
    if (due.length === 0) this.#host.arm(this.sid, state);
  }

  // Due timers go first: an attempt whose deadline has passed must not start again.
  #recover(saga: ActorSaga, wasClean: boolean): void {
    this.#fireDueTimers(saga);
    for (const interrupted of interruptions(saga.state, wasClean)) this.tell(interrupted);
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
      // The state cannot be read, or not be written: the row is parked with its text as it is.
      this.#saga = null;
      await this.#host.parkUnreadable(this.sid, failure);
      this.turnAway(error);
    }
  }
}

// Only events with a waiting sender come from outside the engine; the sender gets the refusal.
function schemaFor({ registration }: ActorSaga, { inbound, reply }: Item & { kind: 'inbound' }) {
  if (inbound.kind !== 'event' || reply === null) return null;
  return registration.definition.events.get(inbound.event.type) ?? null;
}
