/**
 * The handles that a program gets: what they are given is looked at before the engine sees it.
 */
import type { EventObject } from 'xstate';
import { toMs } from '../core/duration.ts';
import { BackstepError } from '../core/errors.ts';
import { takeJson } from '../core/json.ts';
import { check, FUNCTION, type Kind } from '../core/options-reader.ts';
import type { SagaState } from '../core/state.ts';
import type { OperatorCommand, OutsideEvent } from '../core/turn/inbound.ts';
import type { FeedEntry } from '../store/read-models.ts';
import { COMMAND, COMMAND_OPTIONS, EVENT, SEND_OPTIONS, WAIT_OPTIONS } from './edge-options.ts';
import type { Outcome, Unsettled } from './outcome.ts';
import type {
  CommandOptions,
  SagaHandle,
  SendOptions,
  Spawned,
  StartResult,
  StartStatus,
  TimeLimit,
} from './saga-handle.ts';

/** What handles ask of a host, without a look at what they were given. */
export interface HandleCalls {
  send(id: string, event: EventObject, options?: SendOptions): Promise<SagaState>;
  command(
    id: string,
    command: OperatorCommand,
    expectedVersion?: number | null,
  ): Promise<SagaState>;
  state(id: string): Promise<SagaState | null>;
  /** The type of a saga that is there; `null`: there is none. */
  typeOf(id: string): Promise<string | null>;
  /** `withinMs`: `null` for as long as it takes. */
  settled(id: string, withinMs: number | null): Promise<Outcome | Unsettled>;
  waitFor(
    id: string,
    predicate: (state: SagaState) => boolean,
    withinMs: number | null,
  ): Promise<SagaState | null>;
  subscribe(id: string, listener: (entry: FeedEntry) => void): () => void;
}

/** `type`: the type it must be of; `null`: any. */
export function handleOf(calls: HandleCalls, id: string, type: string | null): SagaHandle {
  return new Handle(calls, id, type);
}

/** The handle of a start. */
export function spawnedOf(calls: HandleCalls, start: StartResult): Spawned {
  return new StartedHandle(calls, start);
}

class Handle implements SagaHandle {
  readonly id: string;
  readonly #calls: HandleCalls;
  #unchecked: string | null;

  constructor(calls: HandleCalls, id: string, type: string | null) {
    this.id = id;
    this.#calls = calls;
    this.#unchecked = type;
  }

  async send(event: OutsideEvent, options?: SendOptions): Promise<SagaState> {
    take(event, EVENT, `saga ${this.id}, send`);
    if (options !== undefined) take(options, SEND_OPTIONS, `saga ${this.id}, options of send`);
    const sent = takeJson(event, 'event');
    if (this.#unchecked !== null) await this.#checkType(this.#unchecked);
    return this.#calls.send(this.id, sent, options);
  }

  async command(command: OperatorCommand, options: CommandOptions = {}): Promise<SagaState> {
    take(command, COMMAND, `saga ${this.id}, command`);
    take(options, COMMAND_OPTIONS, `saga ${this.id}, options of command`);
    const ordered = takeJson(command, 'command');
    if (this.#unchecked !== null) await this.#checkType(this.#unchecked);
    return this.#calls.command(this.id, ordered, options.expectedVersion);
  }

  async state(): Promise<SagaState | null> {
    if (this.#unchecked !== null) await this.#checkType(this.#unchecked);
    return this.#calls.state(this.id);
  }

  subscribe(listener: (entry: FeedEntry) => void): () => void {
    take(listener, FUNCTION, `saga ${this.id}, subscribe`);
    return this.#calls.subscribe(this.id, listener);
  }

  async waitFor(
    predicate: (state: SagaState) => boolean,
    options: TimeLimit = {},
  ): Promise<SagaState | null> {
    take(predicate, FUNCTION, `saga ${this.id}, waitFor`);
    const withinMs = this.#withinMs(options, 'waitFor');
    if (this.#unchecked !== null) await this.#checkType(this.#unchecked);
    return this.#calls.waitFor(this.id, predicate, withinMs);
  }

  settled(): Promise<Outcome>;
  settled(options: TimeLimit): Promise<Outcome | Unsettled>;
  async settled(options: TimeLimit = {}): Promise<Outcome | Unsettled> {
    const withinMs = this.#withinMs(options, 'settled');
    if (this.#unchecked !== null) await this.#checkType(this.#unchecked);
    return this.#calls.settled(this.id, withinMs);
  }

  #withinMs(options: TimeLimit, method: string): number | null {
    take(options, WAIT_OPTIONS, `saga ${this.id}, options of ${method}`);
    return options.within === undefined ? null : toMs(options.within, 'within');
  }

  // An event or an outcome of another type of saga would not be what its types say.
  async #checkType(expected: string): Promise<void> {
    const type = await this.#calls.typeOf(this.id);
    if (type !== null && type !== expected) {
      const message = `saga ${this.id} is of type "${type}", not "${expected}"`;
      throw new BackstepError('not-found', message);
    }
    if (type !== null) this.#unchecked = null;
  }
}

class StartedHandle extends Handle implements Spawned {
  readonly status: StartStatus;
  readonly isNew: boolean;
  readonly isRemoved: boolean;

  constructor(calls: HandleCalls, { id, status, isNew, isRemoved }: StartResult) {
    super(calls, id, null);
    this.status = status;
    this.isNew = isNew;
    this.isRemoved = isRemoved;
  }

  override settled(): Promise<Outcome>;
  override settled(options: TimeLimit): Promise<Outcome | Unsettled>;
  override async settled(options: TimeLimit = {}): Promise<Outcome | Unsettled> {
    if (!this.isRemoved) return super.settled(options);
    return { status: 'removed', endedAs: this.status === 'removed' ? null : this.status };
  }
}

function take(value: unknown, kind: Kind, at: string): void {
  check(value, kind, at, 'input-invalid');
}
