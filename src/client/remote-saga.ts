/**
 * One saga at a server as a program holds it: what it may be told, asked and waited for, typed from
 * its definition where the program has that.
 *
 * Holds nothing of the saga but its id.
 */
import type { Duration } from '../core/duration.ts';
import { isSettled } from '../core/status.ts';
import type { OperatorCommand, OutsideEvent } from '../core/turn/inbound.ts';
import type { StartStatus } from '../host/saga-handle.ts';
import type {
  CommandAnswer,
  EventAnswer,
  FeedMessage,
  FeedRestored,
  NotSettled,
  Saga,
  Settled,
  Transition,
  Why,
} from './answers.ts';
import { ClientError } from './client-error.ts';
import { follow, type FollowOptions } from './feed.ts';
import { durationMs } from './given-values.ts';
import { filterQuery, type List, listAt } from './lists.ts';
import { randomId } from './random-id.ts';
import type { Requests } from './requests.ts';

/** How long somebody waits. */
export interface WaitLimit {
  /** Longest wait. Default: as long as it takes. */
  readonly within?: Duration;
  readonly signal?: AbortSignal;
}

/** As long as it takes. */
export interface NoLimit {
  readonly within?: never;
  readonly signal?: AbortSignal;
}

/** How an event is sent. */
export interface SendEventOptions {
  /** The event is taken once per id. Default: one of its own. */
  readonly eventId?: string;
  /** Who sends it, and why, for the audit. */
  readonly by?: string;
  readonly reason?: string;
  readonly signal?: AbortSignal;
}

/** How a command is ordered. */
export interface OrderCommandOptions {
  /** The saga's `seq` that was seen; another one throws `conflict`. */
  readonly expectedVersion?: number;
  readonly signal?: AbortSignal;
}

/** A saga. Everything throws `not-found` where there is none of that id, or none of that type. */
export interface RemoteSaga<Output = unknown, Event = OutsideEvent> {
  readonly id: string;
  /** Where it stands, what it waits for, and what may be done. */
  state(): Promise<Saga>;
  /** Why it stands there, in words. */
  why(): Promise<Why>;
  /** Its journal, in order. */
  history(): List<Transition>;
  /**
   * Sends an event; resolves once the turn is durable. Sent again where no answer came: it is taken
   * once per id. Throws `not-legal` with the events accepted now, `input-invalid`, `overloaded`.
   */
  send(event: Event, options?: SendEventOptions): Promise<EventAnswer>;
  /**
   * Orders a command; resolves once the turn is durable. Where no answer came it is ordered again
   * only with `expectedVersion`, which cannot do it twice; else it throws `outcome-unknown`. Throws
   * `not-legal` with the commands that are legal now.
   */
  command(command: OperatorCommand, options?: OrderCommandOptions): Promise<CommandAnswer>;
  /** Its transitions; see `BackstepClient.follow`. */
  follow(
    options?: Omit<FollowOptions, 'saga' | 'type'>,
  ): AsyncIterableIterator<FeedMessage | FeedRestored>;
  /**
   * Resolves with the first state found of which the predicate is true, over restarts of the
   * server; with `null` once the time is over. It is asked after each turn, but of several quick
   * ones perhaps only after the last.
   */
  waitFor(predicate: (saga: Saga) => boolean, options?: WaitLimit): Promise<Saga | null>;
  /**
   * Resolves once it is settled: it ended, or needs a person. With `within`: with its present status
   * once the time is over.
   */
  settled(options?: NoLimit): Promise<Settled<Output>>;
  settled(options: WaitLimit): Promise<Settled<Output> | NotSettled>;
}

/** A saga that was started, now or by the same key before. */
export interface StartedSaga<Output = unknown, Event = OutsideEvent> extends RemoteSaga<
  Output,
  Event
> {
  readonly status: StartStatus;
  /**
   * False when the key had started it before; also when a start was sent again because its answer
   * was lost.
   */
  readonly isNew: boolean;
  /** True when it ended so long ago that only its key is kept. */
  readonly isRemoved: boolean;
}

/** `type`: the one it must be of; `null`: any. */
export function remoteSaga(requests: Requests, id: string, type: string | null): RemoteSaga {
  return new Remote(requests, id, type);
}

/** The saga of a start. */
export function startedSaga(
  requests: Requests,
  start: { readonly id: string } & Pick<StartedSaga, 'status' | 'isNew' | 'isRemoved'>,
): StartedSaga {
  return new Started(requests, start);
}

class Remote implements RemoteSaga {
  readonly id: string;
  readonly #requests: Requests;
  readonly #path: string;
  #unchecked: string | null;

  constructor(requests: Requests, id: string, type: string | null) {
    this.id = id;
    this.#requests = requests;
    this.#path = `/api/sagas/${encodeURIComponent(id)}`;
    this.#unchecked = type;
  }

  async state(): Promise<Saga> {
    return this.#read(undefined);
  }

  why(): Promise<Why> {
    return this.#requests.json({ method: 'GET', path: `${this.#path}/why` });
  }

  history(): List<Transition> {
    return listAt(this.#requests, `${this.#path}/transitions`, {});
  }

  async send(event: OutsideEvent, options: SendEventOptions = {}): Promise<EventAnswer> {
    const { eventId = randomId(), by, reason, signal } = options;
    // Over HTTP that member is the id of the event, and would not reach the machine.
    if ('id' in event) {
      const message = 'an event has no member "id" here: its id is given as eventId';
      throw new ClientError('input-invalid', message, { issues: [{ path: 'id', message }] });
    }
    await this.#checkType();
    return this.#requests.json({
      method: 'POST',
      path: `${this.#path}/events`,
      query: filterQuery({ by, reason }),
      body: { ...event, id: eventId },
      isRepeatable: true,
      signal,
    });
  }

  async command(
    { name, ...order }: OperatorCommand,
    { expectedVersion, signal }: OrderCommandOptions = {},
  ): Promise<CommandAnswer> {
    await this.#checkType();
    let tries = 0;
    try {
      return await this.#requests.json<CommandAnswer>({
        method: 'POST',
        path: `${this.#path}/commands`,
        body: { ...order, command: name, expectedVersion },
        isRepeatable: expectedVersion !== undefined,
        onTry: () => void (tries += 1),
        signal,
      });
    } catch (error) {
      const mayBeOurs = error instanceof ClientError && error.code === 'conflict' && tries > 1;
      if (!mayBeOurs || expectedVersion === undefined) throw error;
      const taken = await this.#taken(name, expectedVersion);
      if (taken === null) throw error;
      return taken;
    }
  }

  follow(options: Omit<FollowOptions, 'saga' | 'type'> = {}) {
    return follow(this.#requests, { ...options, saga: this.id });
  }

  async waitFor(
    predicate: (saga: Saga) => boolean,
    { within, signal }: WaitLimit = {},
  ): Promise<Saga | null> {
    const over = new AbortController();
    const timer =
      within === undefined
        ? undefined
        : setTimeout(() => over.abort(), durationMs(within, 'within'));
    const either = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    try {
      return await this.#firstOf(predicate, either);
    } catch (error) {
      signal?.throwIfAborted();
      if (over.signal.aborted) return null;
      throw error;
    } finally {
      clearTimeout(timer);
      over.abort();
    }
  }

  settled(options?: NoLimit): Promise<Settled>;
  settled(options: WaitLimit): Promise<Settled | NotSettled>;
  async settled(options: WaitLimit = {}): Promise<Settled | NotSettled> {
    const found = await this.waitFor(({ status }) => isSettled(status), options);
    const saga = found ?? (await this.#read(options.signal));
    if ('unreadable' in saga) throw new ClientError('state-unreadable', saga.unreadable);
    return saga.outcome ?? { status: saga.status as NotSettled['status'] }; // not settled
  }

  // The feed tells everything since the beginning, so that no turn falls between look and feed.
  async #firstOf(predicate: (saga: Saga) => boolean, signal: AbortSignal): Promise<Saga | null> {
    let seen = await this.#read(signal);
    if (predicate(seen)) return seen;
    for await (const message of this.follow({ since: '0', signal })) {
      // A database that was replaced by an older one has gone back.
      if (message.kind !== 'resync' && message.seq <= seen.seq) continue;
      seen = await this.#read(signal);
      if (predicate(seen)) return seen;
    }
    signal.throwIfAborted(); // nothing else ends the feed
    return null;
  }

  async #read(signal: AbortSignal | undefined): Promise<Saga> {
    const saga = await this.#requests.json<Saga>({ method: 'GET', path: this.#path, signal });
    const type = this.#unchecked;
    if (type !== null && saga.type !== type) {
      throw new ClientError('not-found', `saga ${this.id} is of type ${saga.type}, not ${type}`);
    }
    this.#unchecked = null;
    return saga;
  }

  async #checkType(): Promise<void> {
    if (this.#unchecked !== null) await this.#read(undefined);
  }

  /** What a command was answered before that was lost: it was taken at that very version. */
  async #taken(name: string, expectedVersion: number): Promise<CommandAnswer | null> {
    const { id, status, seq, audit } = await this.#read(undefined);
    const isTaken = audit.some(
      (entry) => entry.seq === expectedVersion + 1 && entry.command === name,
    );
    return isTaken ? { id, status, seq } : null;
  }
}

class Started extends Remote implements StartedSaga {
  readonly status: StartStatus;
  readonly isNew: boolean;
  readonly isRemoved: boolean;

  constructor(requests: Requests, start: { readonly id: string } & StartFacts) {
    super(requests, start.id, null);
    this.status = start.status;
    this.isNew = start.isNew;
    this.isRemoved = start.isRemoved;
  }

  override settled(options?: NoLimit): Promise<Settled>;
  override settled(options: WaitLimit): Promise<Settled | NotSettled>;
  override async settled(options: WaitLimit = {}): Promise<Settled | NotSettled> {
    if (!this.isRemoved) return super.settled(options);
    return { status: 'removed', endedAs: this.status === 'removed' ? null : this.status };
  }
}

type StartFacts = Pick<StartedSaga, 'status' | 'isNew' | 'isRemoved'>;
