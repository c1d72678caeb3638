/**
 * What a program, or another saga, asks of one saga by its id: orders go through its actor, looks
 * read what was committed last.
 *
 * Invariant: any number of looks at sagas that are not in memory wait in line; none is refused
 * because there are many.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../core/errors.ts';
import type { SagaState } from '../core/state.ts';
import { isSettled, type SagaStatus } from '../core/status.ts';
import type { Inbound, OperatorCommand } from '../core/turn/inbound.ts';
import type { FeedEntry } from '../store/read-models.ts';
import type { Restored, Store } from '../store/store.ts';
import type { Standby } from './standby/standby.ts';
import type { StalledCallers } from './actor/stalled-callers.ts';
import type { Supervisor } from './actor/supervisor.ts';
import type { Clock } from '../host/clock.ts';
import { sentEvent } from '../host/event-check.ts';
import { tellListener } from '../host/feed.ts';
import type { InboxRef } from '../host/inbox/inbox-answer.ts';
import { type Outcome, outcomeOf, storedOutcome, type Unsettled } from '../host/outcome.ts';
import { lostInRestore } from '../host/lost-in-restore.ts';
import type { SendOptions } from '../host/saga-handle.ts';
import { whenSettled, whenTrue } from '../host/saga-waits.ts';
import type { SagaWatchers } from '../host/saga-watchers.ts';

export interface SagaCallsParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  readonly watchers: SagaWatchers;
  readonly callers: StalledCallers;
  /** Where another process owns the database it is asked. */
  readonly standby: Pick<Standby, 'isOn' | 'send' | 'command'>;
  /** Throws where no work is taken on. */
  readonly assertAccepting: () => void;
  /** Where the database was restored from a backup, if it ever was. */
  readonly restored: () => Restored | undefined;
  readonly onError: (error: unknown) => void;
}

export class SagaCalls {
  readonly #parts: SagaCallsParts;

  constructor(parts: SagaCallsParts) {
    this.#parts = parts;
  }

  send(id: string, event: EventObject, options?: SendOptions): Promise<SagaState> {
    const { standby } = this.#parts;
    if (standby.isOn) return standby.send(id, event, options);
    return this.#ask(id, sentEvent(event, options), null);
  }

  /** What a row of the inbox asks for; it is dealt with in the commit of the turn. */
  sendOf(row: InboxRef, id: string, event: EventObject, options: SendOptions): Promise<SagaState> {
    return this.#put(id, sentEvent(event, options), null, row);
  }

  /** As `sendOf`. */
  commandOf(
    row: InboxRef,
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null,
  ): Promise<SagaState> {
    return this.#put(id, { kind: 'command', command }, expectedVersion, row);
  }

  /** What an actor of the saga says, see `Inbound`. */
  tell(id: string, told: Extract<Inbound, { kind: 'told' }>): Promise<SagaState> {
    return this.#ask(id, told, null);
  }

  command(
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null = null,
  ): Promise<SagaState> {
    const { standby } = this.#parts;
    if (standby.isOn) return standby.command(id, command, expectedVersion);
    return this.#ask(id, { kind: 'command', command }, expectedVersion);
  }

  async state(id: string): Promise<SagaState | null> {
    const { supervisor } = this.#parts;
    const sid = await supervisor.findSid(id);
    if (sid === null) return null;
    return supervisor.stateInMemory(sid) ?? supervisor.peek(sid);
  }

  /** The type of a saga that is there; `null`: there is none. */
  async typeOf(id: string): Promise<string | null> {
    const { supervisor } = this.#parts;
    const sid = await supervisor.findSid(id);
    return sid === null ? null : ((await supervisor.stored(sid))?.type ?? null);
  }

  settled(id: string, withinMs: number | null): Promise<Outcome | Unsettled> {
    return whenSettled(this.#parts, { sagaId: id, withinMs, look: () => this.#look(id) });
  }

  waitFor(
    id: string,
    predicate: (state: SagaState) => boolean,
    withinMs: number | null,
  ): Promise<SagaState | null> {
    const look = async (): Promise<readonly SagaState[] | null> => {
      const state = await this.state(id);
      if (state === null) await this.#finalStatus(id);
      return state === null ? null : [state];
    };
    return whenTrue(this.#parts, { sagaId: id, withinMs, look }, predicate);
  }

  subscribe(id: string, listener: (entry: FeedEntry) => void): () => void {
    const { watchers, onError } = this.#parts;
    return watchers.add(id, { hear: ({ entry }) => tellListener(listener, entry, onError) });
  }

  async #ask(
    id: string,
    inbound: Exclude<Inbound, { kind: 'start' }>,
    expectedVersion: number | null,
  ): Promise<SagaState> {
    const { callers } = this.#parts;
    return callers.answer(this.#put(id, inbound, expectedVersion));
  }

  async #put(
    id: string,
    inbound: Exclude<Inbound, { kind: 'start' }>,
    expectedVersion: number | null,
    row?: InboxRef,
  ): Promise<SagaState> {
    const { supervisor, assertAccepting } = this.#parts;
    assertAccepting();
    const sid = await supervisor.findSid(id);
    if (sid === null) throw this.#absent(id);
    return new Promise<SagaState>((resolve, reject) => {
      const reply = { expectedVersion, resolve, reject };
      const item = { kind: 'inbound', inbound, statements: [], reply } as const;
      supervisor.actor(sid).put(row === undefined ? item : { ...item, row });
    });
  }

  /** How it came out, or where it stands. Throws `not-found`. */
  async #look(id: string): Promise<Outcome | Unsettled['status']> {
    const { supervisor, store } = this.#parts;
    const sid = await supervisor.findSid(id);
    const state = sid === null ? null : supervisor.stateInMemory(sid);
    if (state !== null)
      return isSettled(state.status) ? outcomeOf(state, state.status) : state.status;
    const stored = sid === null ? null : await supervisor.stored(sid);
    if (stored === null) return { status: 'removed', endedAs: await this.#finalStatus(id) };
    const { status } = stored;
    if (!isSettled(status)) return status;
    const error = status === 'parked' ? await store.upkeep.errorOf(stored.sid) : null;
    return storedOutcome(stored, status, error);
  }

  async #finalStatus(id: string): Promise<SagaStatus> {
    const status = await this.#parts.store.upkeep.finalStatus(id);
    if (status === null) throw this.#absent(id);
    return status;
  }

  #absent(id: string): BackstepError {
    const why = lostInRestore(id, this.#parts.restored());
    return new BackstepError('not-found', `no saga with id "${id}"${why}`);
  }
}
