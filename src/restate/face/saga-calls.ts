/**
 * What a program asks of one saga by its id: orders go to the saga's object on Restate, waits follow
 * the projection.
 *
 * So whoever was told that a saga is settled finds that in lists, pages and the audit as well, while
 * `state` is what Restate has, which the projection may not have yet.
 */
import type { EventObject } from 'xstate';
import { BackstepError } from '../../core/errors.ts';
import type { SagaState } from '../../core/state.ts';
import { isSettled } from '../../core/status.ts';
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
import { projectedState } from './projected-saga.ts';
import { doneOf, type StoredWords } from '../words.ts';

export interface RestateCallsParts {
  readonly ingress: Ingress;
  readonly store: Store;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly watchers: SagaWatchers;
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
    return this.#opened(id, doneOf(await ingress.call(id, 'event', words)));
  }

  async command(
    id: string,
    command: OperatorCommand,
    expectedVersion: number | null = null,
    once?: string,
  ): Promise<SagaState> {
    const { ingress, clock } = this.#parts;
    const words = { command, expectedVersion, atMs: clock.nowMs() };
    return this.#opened(id, doneOf(await ingress.call(id, 'command', words, once)));
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

  settled(id: string, withinMs: number | null): Promise<Outcome | Unsettled> {
    return whenSettled(this.#parts, { sagaId: id, withinMs, look: () => this.#look(id) });
  }

  waitFor(
    id: string,
    predicate: (state: SagaState) => boolean,
    withinMs: number | null,
  ): Promise<SagaState | null> {
    const look = async (): Promise<SagaState | null> => {
      const row = await this.#row(id);
      if (row !== null) return this.#projected(row);
      await this.#assertThere(id);
      return this.state(id);
    };
    return whenTrue(this.#parts, { sagaId: id, withinMs, look }, predicate);
  }

  subscribe(id: string, listener: (entry: FeedEntry) => void): () => void {
    const { watchers, onError } = this.#parts;
    return watchers.add(id, { hear: ({ entry }) => tellListener(listener, entry, onError) });
  }

  /** How it came out by the projection, or where it stands. Throws `not-found`. */
  async #look(id: string): Promise<Outcome | Unsettled['status']> {
    const row = await this.#row(id);
    if (row !== null) {
      const { status } = row;
      return isSettled(status) ? storedOutcome(row, status, await this.#errorOf(row)) : status;
    }
    const endedAs = await this.#assertThere(id);
    if (endedAs !== null) return { status: 'removed', endedAs };
    // The saga exists and is not in the projection yet: its turns are heard once they are.
    return 'running';
  }

  /** How a removed saga ended; `null`: it is not removed. Throws `not-found`. */
  async #assertThere(id: string) {
    const endedAs = await this.#parts.store.upkeep.finalStatus(id);
    if (endedAs !== null) return endedAs;
    const found = await this.#parts.ingress.call(id, 'get', null);
    if (found.kind === 'removed') return found.endedAs;
    if (found.kind === 'saga') return null;
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

  async #projected(row: StoredSaga): Promise<SagaState> {
    const { registry, clock } = this.#parts;
    return projectedState(registry, row, await this.#errorOf(row), clock.nowMs());
  }

  #opened(id: string, { parkFailure, ...words }: StoredWords): SagaState {
    const { registry, clock } = this.#parts;
    return openStored(registry, { id, ...words }, clock.nowMs(), parkFailure).state;
  }
}
