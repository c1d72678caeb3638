/**
 * Hands over what turns have sent, to subscribers and to other sagas: at least once, in order per
 * saga, retried until it works. A message leaves the store only after its receiver returned.
 *
 * What is held in memory is bounded. Beyond that a round is behind: it leaves new messages to the
 * store and pages through them by id, which is commit order, until it has caught up.
 *
 * Invariant: what sagas tell each other shares no bound with what goes to subscribers, so that a
 * subscriber that hangs holds up no saga.
 */
import { delayAfterMs, exponential } from '../../core/retry-policy.ts';
import type { PendingMessage, Store } from '../../store/store.ts';
import { type CancelTimeout, type Clock, orAfter } from '../../host/clock.ts';
import { deliver, type Receiver } from '../../host/outside/delivery.ts';
import { isBetweenSagas } from '../../host/outside/outbox-messages.ts';
import { UnheardEvents, type UnheardLog } from '../../host/outside/unheard-events.ts';

/** Deliveries of one kind at once. */
const MAX_DELIVERIES = 64;
/** Messages of one kind held in memory. */
const MAX_HELD = 10_000;
/** Messages read from the store at once. */
const PAGE_SIZE = 500;
const RETRY = exponential({ first: '500ms', max: '60s', attempts: 20 });

export type ReceiverOf = (message: PendingMessage) => Receiver;

type MessageStore = Pick<Store, 'acknowledge' | 'pendingMessages'>;

export class MessageCourier {
  readonly #betweenSagas: Round;
  readonly #toSubscribers: Round;

  constructor(store: MessageStore, clock: Clock, receiverOf: ReceiverOf, log: UnheardLog) {
    const round = (isMine: (message: PendingMessage) => boolean): Round =>
      new Round(store, clock, receiverOf, log, isMine);
    this.#betweenSagas = round(isBetweenSagas);
    this.#toSubscribers = round((message) => !isBetweenSagas(message));
  }

  /** Emitted events that were dropped for want of a subscriber. */
  get unheardEvents(): number {
    return this.#toSubscribers.unheardEvents;
  }

  /** Takes up what an earlier process left; resolves with how many messages the first pages had. */
  async recover(): Promise<number> {
    const counts = [await this.#betweenSagas.recover(), await this.#toSubscribers.recover()];
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Resolves when nothing that the saga told other sagas is on its way any more. */
  delivered(sagaId: string): Promise<void> {
    return this.#betweenSagas.delivered(sagaId);
  }

  deliver(message: PendingMessage): void {
    const round = isBetweenSagas(message) ? this.#betweenSagas : this.#toSubscribers;
    round.deliver(message);
  }

  /**
   * Starts nothing new and lets what runs finish, because a delivery cut off in the middle would be
   * made again; what still runs after `limitMs` is aborted.
   */
  async stop(limitMs: number): Promise<void> {
    await Promise.all([this.#betweenSagas.stop(limitMs), this.#toSubscribers.stop(limitMs)]);
  }
}

/** Messages of one kind on their way. */
class Round {
  readonly #store: MessageStore;
  readonly #clock: Clock;
  readonly #receiverOf: ReceiverOf;
  readonly #log: UnheardLog;
  readonly #unheard: UnheardEvents;
  readonly #isMine: (message: PendingMessage) => boolean;
  /** Messages per saga, oldest first; the first one is under way or waits for its turn. */
  readonly #queues = new Map<string, PendingMessage[]>();
  readonly #onDelivered = new Map<string, (() => void)[]>();
  readonly #ready: { readonly message: PendingMessage; readonly attempt: number }[] = [];
  readonly #cancels = new Set<CancelTimeout>();
  readonly #running = new Map<Promise<void>, AbortController>();
  /** Ids in memory. */
  readonly #held = new Set<number>();
  /** While behind: the store is to be read after this id. */
  #readAfterId = 0;
  #isBehind = true;
  /** Lowest id left to the store since the last page was asked for. */
  #lowestLeftId = Infinity;
  #isPaging = false;
  #isStopped = false;

  constructor(
    store: MessageStore,
    clock: Clock,
    receiverOf: ReceiverOf,
    log: UnheardLog,
    isMine: (message: PendingMessage) => boolean,
  ) {
    this.#isMine = isMine;
    this.#store = store;
    this.#clock = clock;
    this.#receiverOf = receiverOf;
    this.#log = log;
    this.#unheard = new UnheardEvents(log);
  }

  get unheardEvents(): number {
    return this.#unheard.count;
  }

  async recover(): Promise<number> {
    await this.#catchUp();
    return this.#held.size;
  }

  delivered(sagaId: string): Promise<void> {
    if (!this.#queues.has(sagaId)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDelivered.set(sagaId, [...(this.#onDelivered.get(sagaId) ?? []), resolve]);
    });
  }

  deliver(message: PendingMessage): void {
    if (this.#isStopped) return; // it is durable: the next process delivers it
    if (!this.#isBehind && this.#held.size < MAX_HELD) {
      this.#take(message);
      return;
    }
    // Turns of one batch may report in another order than they were committed in.
    this.#lowestLeftId = Math.min(this.#lowestLeftId, message.id);
    if (!this.#isBehind) this.#readAfterId = message.id - 1;
    this.#isBehind = true;
  }

  async stop(limitMs: number): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    await orAfter(this.#clock, Promise.all(this.#running.keys()), limitMs);
    for (const controller of this.#running.values()) controller.abort(new Error('stopping'));
  }

  #take(message: PendingMessage): void {
    if (this.#held.has(message.id)) return;
    this.#held.add(message.id);
    const queue = this.#queues.get(message.sagaId);
    if (queue !== undefined) {
      queue.push(message);
      return;
    }
    this.#queues.set(message.sagaId, [message]);
    this.#start(message, 1);
  }

  #start(message: PendingMessage, attempt: number): void {
    if (this.#isStopped) return;
    if (this.#running.size >= MAX_DELIVERIES) {
      this.#ready.push({ message, attempt });
      return;
    }
    const controller = new AbortController();
    const run = this.#handOver(message, attempt, controller).finally(() => {
      this.#running.delete(run);
      const next = this.#ready.shift();
      if (next !== undefined) this.#start(next.message, next.attempt);
      if (this.#isBehind) void this.#catchUp();
    });
    this.#running.set(run, controller);
  }

  async #handOver(
    message: PendingMessage,
    attempt: number,
    controller: AbortController,
  ): Promise<void> {
    try {
      const known = { ...message, id: message.knownAs ?? message.id };
      const receiver = this.#receiverOf(known);
      if (receiver.kind === 'subscriber') {
        await deliver(receiver.call, known, controller, this.#clock);
      }
      await this.#store.acknowledge(message.id);
      if (receiver.kind === 'unheard') this.#unheard.add(message, receiver.subscribed);
      this.#held.delete(message.id);
      this.#next(message.sagaId);
    } catch (error) {
      this.#retryLater(message, attempt, error);
    }
  }

  #next(sagaId: string): void {
    const queue = this.#queues.get(sagaId);
    queue?.shift();
    const next = queue?.[0];
    if (next !== undefined) {
      this.#start(next, 1);
      return;
    }
    this.#queues.delete(sagaId);
    const listeners = this.#onDelivered.get(sagaId) ?? [];
    this.#onDelivered.delete(sagaId);
    for (const listener of listeners) listener();
  }

  #retryLater(message: PendingMessage, attempt: number, error: unknown): void {
    if (this.#isStopped) return;
    const { id, sagaId, event } = message;
    const delayMs = delayAfterMs(RETRY, Math.min(attempt, RETRY.attempts), String(id));
    const details = { sagaId, event, attempt, delayMs, err: error };
    this.#log.warn(details, 'a message could not be handed over; it is tried again');
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      this.#start(message, attempt + 1);
    });
    this.#cancels.add(cancel);
  }

  async #catchUp(): Promise<void> {
    if (this.#isPaging) return;
    this.#isPaging = true;
    try {
      while (!this.#isStopped && this.#held.size + PAGE_SIZE <= MAX_HELD) {
        this.#lowestLeftId = Infinity;
        const page = await this.#store.pendingMessages(this.#readAfterId, PAGE_SIZE);
        for (const message of page) if (this.#isMine(message)) this.#take(message);
        const readUpToId = page.at(-1)?.id ?? this.#readAfterId;
        this.#readAfterId = Math.min(readUpToId, this.#lowestLeftId - 1);
        // A message left to the store during the read may be newer than what was read.
        if (page.length === 0 && this.#lowestLeftId === Infinity) {
          this.#isBehind = false;
          return;
        }
      }
    } catch (error) {
      this.#log.warn({ err: error }, 'emitted events could not be read; trying again');
      const cancel = this.#clock.after(RETRY.firstMs, () => {
        this.#cancels.delete(cancel);
        void this.#catchUp();
      });
      this.#cancels.add(cancel);
    } finally {
      this.#isPaging = false;
    }
  }
}
