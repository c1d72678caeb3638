/**
 * Hands emitted events to their subscribers: at least once, in order per saga, retried until it
 * works. A message leaves the store only after its subscriber returned.
 */
import type { EventObject } from 'xstate';
import { exponential, delayAfterMs } from '../core/retry-policy.ts';
import type { PendingMessage, Store } from '../store/store.ts';
import type { Subscriber } from './backstep.ts';
import type { CancelTimeout, Clock } from './clock.ts';

/** Longest a subscriber may take before its signal is aborted and the delivery tried again. */
const DELIVERY_TIMEOUT_MS = 30_000;
/** Messages read from the store at once. */
const PAGE_SIZE = 500;
const RETRY = exponential({ first: '500ms', max: '60s', attempts: 20 });

export type SubscriberOf = (message: PendingMessage) => Subscriber | null;

export interface CourierLog {
  warn(details: object, message: string): void;
}

export class MessageCourier {
  readonly #store: Pick<Store, 'acknowledge' | 'pendingMessages'>;
  readonly #clock: Clock;
  readonly #subscriberOf: SubscriberOf;
  readonly #log: CourierLog;
  /** Messages per saga, oldest first; the first one is under way. */
  readonly #queues = new Map<number, PendingMessage[]>();
  readonly #cancels = new Set<CancelTimeout>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(
    store: Pick<Store, 'acknowledge' | 'pendingMessages'>,
    clock: Clock,
    subscriberOf: SubscriberOf,
    log: CourierLog,
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#subscriberOf = subscriberOf;
    this.#log = log;
  }

  /** Takes up what an earlier process left. */
  async recover(): Promise<number> {
    let afterId = 0;
    let count = 0;
    for (;;) {
      const page = await this.#store.pendingMessages(afterId, PAGE_SIZE);
      for (const message of page) this.deliver(message);
      count += page.length;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE_SIZE) return count;
      afterId = last.id;
    }
  }

  deliver(message: PendingMessage): void {
    if (this.#isStopped) return; // it is durable: the next process delivers it
    const queue = this.#queues.get(message.sid);
    if (queue !== undefined) {
      queue.push(message);
      return;
    }
    this.#queues.set(message.sid, [message]);
    this.#attempt(message, 1);
  }

  /** Starts nothing new and waits for what runs. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    await Promise.all(this.#running);
  }

  #attempt(message: PendingMessage, attempt: number): void {
    const run = this.#handOver(message, attempt).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #handOver(message: PendingMessage, attempt: number): Promise<void> {
    const controller = new AbortController();
    let expire: CancelTimeout | null = null;
    try {
      const subscriber = this.#subscriberOf(message);
      const { sagaId } = message;
      const key = `${sagaId}/${message.event}/${message.id}`;
      const event = JSON.parse(message.data) as EventObject;
      const timedOut = new Promise<never>((_, reject) => {
        expire = this.#clock.after(DELIVERY_TIMEOUT_MS, () => {
          reject(new Error(`the subscriber took longer than ${DELIVERY_TIMEOUT_MS} ms`));
        });
      });
      const delivery = { sagaId, key, signal: controller.signal };
      await Promise.race([subscriber?.(event, delivery), timedOut]);
      await this.#store.acknowledge(message.id);
      this.#next(message.sid);
    } catch (error) {
      controller.abort(error);
      this.#retryLater(message, attempt, error);
    } finally {
      cancelIfSet(expire);
    }
  }

  #next(sid: number): void {
    const queue = this.#queues.get(sid);
    queue?.shift();
    const next = queue?.[0];
    if (next === undefined || this.#isStopped) this.#queues.delete(sid);
    else this.#attempt(next, 1);
  }

  #retryLater(message: PendingMessage, attempt: number, error: unknown): void {
    if (this.#isStopped) return;
    const { id, sagaId, event } = message;
    const delayMs = delayAfterMs(RETRY, Math.min(attempt, RETRY.attempts), String(id));
    const details = { sagaId, event, attempt, delayMs, err: error };
    this.#log.warn(details, 'an emitted event could not be handed over; it is tried again');
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      this.#attempt(message, attempt + 1);
    });
    this.#cancels.add(cancel);
  }
}

function cancelIfSet(cancel: CancelTimeout | null): void {
  cancel?.();
}
