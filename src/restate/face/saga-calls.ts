/**
 * What a program asks of one saga by its id: orders go to the saga's object on Restate, waits follow
 * the projection from what Restate has when they begin.
 *
 * So whoever was told that a saga is settled finds that in lists, pages and the audit as well, and no
 * wait is answered from before an order that was taken, by whichever process.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../core/errors.ts';
import { isOver, type SagaState } from '../../core/state.ts';
import { isSettled, type SagaStatus, type SettledStatus } from '../../core/status.ts';
import type { OperatorCommand } from '../../core/turn/inbound.ts';
import type { HandleCalls } from '../../host/checked-handle.ts';
import type { Clock } from '../../host/clock.ts';
import { sentEvent } from '../../host/event-check.ts';
import { tellListener } from '../../host/feed.ts';
import { type Outcome, storedOutcome, type Unsettled } from '../../host/outcome.ts';
import type { Registry } from '../../host/registry.ts';
import type { SendOptions } from '../../host/saga-handle.ts';
import { whenSettled, whenTrue } from '../../host/saga-waits.ts';
import type { SagaWatchers } from '../../host/saga-watchers.ts';
import { openStored } from '../../host/versions/open-stored.ts';
import type { FeedEntry } from '../../store/read-models.ts';
import type { Store, StoredSaga } from '../../store/store.ts';
import type { Ingress } from './ingress.ts';
import { type OwnTurns, unsettled } from './own-turns.ts';
import { TurnsFromNow } from './turns-from-now.ts';
import { doneOf, type StoredWords } from '../words.ts';

export interface RestateCallsParts {
  readonly ingress: Ingress;
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly watchers: SagaWatchers;
  readonly own: OwnTurns;
  readonly onError: (error: unknown) => void;
}

export class RestateCalls implements HandleCalls {
  readonly #parts: RestateCallsParts;

  constructor(parts: RestateCallsParts) {
    this.#parts = parts;
  }

  async send(id: string, event: EventObject, options?: SendOptions): Promise<SagaState> {
    const { ingress, clock } = this.#parts;
    const inbound = sentEvent(event, options);
    const words = { inbound, expectedVersion: null, atMs: clock.nowMs() };
    return this.#taken(id, doneOf(await ingress.call(id, 'event', words)));
  }

  async command(
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null = null,
    once?: string,
  ): Promise<SagaState> {
    const { ingress, clock } = this.#parts;
    const words = { command, expectedVersion, atMs: clock.nowMs() };
    return this.#taken(id, doneOf(await ingress.call(id, 'command', words, once)));
  }

  async state(id: string): Promise<SagaState | null> {
    const found = await this.#parts.ingress.call(id, 'get', null);
    return found.kind === 'saga' ? this.#opened(id, found.saga) : null;
  }

  async typeOf(id: string): Promise<string | null> {
    const row = await this.#row(id);
    if (row !== null) return row.type;
    const found = await this.#parts.ingress.call(id, 'get', null);
    return found.kind === 'saga' ? found.saga.type : null;
  }

  async settled(id: string, withinMs: number | null): Promise<Outcome | Unsettled> {
    const waiting = { sagaId: id, withinMs, look: () => this.#look(id) };
    // A saga that is over takes nothing more.
    const found = await whenSettled(this.#parts, waiting, isOver);
    if (found.status === 'removed' || isSettled(found.status)) return found;
    const told = this.#parts.own.last(id, (await this.#row(id))?.seq ?? 0);
    return told === null ? found : { status: told };
  }

  waitFor(
    id: string,
    predicate: (state: SagaState) => boolean,
    withinMs: number | null,
  ): Promise<SagaState | null> {
    const { watchers, clock } = this.#parts;
    const turns = new TurnsFromNow(watchers);
    const look = async (): Promise<readonly SagaState[] | null> => {
      const found = await this.#found(id);
      if (found.kind === 'removed') return null;
      const now = this.#opened(id, found.saga);
      const isWritten = ((await this.#row(id))?.seq ?? 0) >= now.seq;
      return isWritten ? [now, ...turns.from(now.seq + 1)] : turns.from(now.seq);
    };
    return whenTrue({ watchers: turns, clock }, { sagaId: id, withinMs, look }, predicate);
  }

  subscribe(id: string, listener: (entry: FeedEntry) => void): () => void {
    const { watchers, onError } = this.#parts;
    return watchers.add(id, { hear: ({ entry }) => tellListener(listener, entry, onError) });
  }

  /** How it came out by the projection, or where it stands. Throws `not-found`. */
  async #look(id: string): Promise<Outcome | Unsettled['status']> {
    const row = await this.#row(id);
    if (row !== null && isSettled(row.status)) return this.#settledNow(row, row.status);
    const told = this.#parts.own.last(id, row?.seq ?? 0);
    if (told !== null) return told;
    if (row !== null) return row.status as Unsettled['status'];
    const found = await this.#found(id);
    return found.kind === 'removed' ? removed(found.endedAs) : unsettled(found.saga.status);
  }

  async #settledNow(
    row: StoredSaga,
    status: SettledStatus,
  ): Promise<Outcome | Unsettled['status']> {
    const outcome = storedOutcome(row, status, await this.#errorOf(row));
    if (!('resolution' in outcome) || outcome.resolution !== null) return outcome;
    // It waits for a person, whose order may have set it going since, through whichever process.
    const found = await this.#parts.ingress.call(row.id, 'get', null);
    if (found.kind !== 'saga' || found.saga.seq <= row.seq) return outcome;
    return unsettled(found.saga.status);
  }

  /** What Restate has of it, or how it ended where it was removed. Throws `not-found`. */
  async #found(id: string) {
    const endedAs = await this.#parts.store.upkeep.finalStatus(id);
    if (endedAs !== null) return { kind: 'removed', endedAs } as const;
    const found = await this.#parts.ingress.call(id, 'get', null);
    if (found.kind !== 'none') return found;
    throw new BackstepError('not-found', `no saga with id "${id}"`);
  }

  async #row(id: string): Promise<StoredSaga | null> {
    const { store } = this.#parts;
    const sid = await store.sidOf(id);
    return sid === null ? null : store.loadBySid(sid);
  }

  async #errorOf({ sid, status }: StoredSaga): Promise<string | null> {
    return status === 'parked' ? this.#parts.store.upkeep.errorOf(sid) : null;
  }

  #taken(id: string, words: StoredWords): SagaState {
    this.#parts.own.told(id, words);
    return this.#opened(id, words);
  }

  #opened(id: string, { parkFailure, ...words }: StoredWords): SagaState {
    const { registry, clock } = this.#parts;
    return openStored(registry, { id, ...words }, clock.nowMs(), parkFailure).state;
  }
}

function removed(endedAs: SagaStatus): Outcome {
  return { status: 'removed', endedAs };
}
