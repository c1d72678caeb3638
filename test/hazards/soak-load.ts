/**
 * Orders at a steady rate, by a client that repeats what nobody answered for, and some cancels.
 *
 * Invariant: an order counts as acknowledged only after a 2xx answer, and at most `limit` are
 * placed, at most `MAX_OPEN` of them at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { orderOf } from '../e2e/order-books.ts';
import type { OrderBody, Site } from '../e2e/site.ts';

const MAX_OPEN = 400;
const TICK_MS = 25;
const REPEAT_MS = 250;
/** Longest that one order is repeated. */
const PATIENCE_MS = 120_000;
const MAX_FAULTS = 20;

/** What is placed. */
export interface LoadPlan {
  /** Orders per second. */
  readonly rate: number;
  readonly limit: number;
  /** Every so many orders is cancelled, once it is acknowledged. */
  readonly cancelEvery: number;
}

/** Posts orders until the plan is fulfilled. */
export class OrderLoad {
  /** Sagas of acknowledged orders, by order. */
  readonly acknowledged = new Map<string, string>();
  readonly accepted: OrderBody[] = [];
  /** What a client must not see, in words. */
  readonly faults: string[] = [];
  /** Requests that nobody answered, or that were refused for the time being. */
  repeats = 0;
  /** Cancels by how they were answered. */
  readonly cancels = { accepted: 0, tooLate: 0, unanswered: 0 };
  readonly #site: Site;
  readonly #plan: LoadPlan;
  readonly #open = new Set<Promise<void>>();
  #placed = 0;

  constructor(site: Site, plan: LoadPlan) {
    this.#site = site;
    this.#plan = plan;
  }

  get placed(): number {
    return this.#placed;
  }

  /** Resolves once every order is acknowledged, or given up on; no more are placed after a stop. */
  async run(stop: AbortSignal): Promise<void> {
    const { rate, limit } = this.#plan;
    const startedAt = performance.now();
    while (this.#placed < limit && !stop.aborted) {
      const due = Math.min(limit, Math.floor(((performance.now() - startedAt) / 1_000) * rate));
      while (this.#placed < due && this.#open.size < MAX_OPEN) this.#place();
      await delay(TICK_MS);
    }
    await Promise.all(this.#open);
  }

  #place(): void {
    this.#placed += 1;
    const nth = this.#placed;
    const isCancelled = nth % this.#plan.cancelEvery === 0;
    // One piece each: the stock lasts longer than the run.
    const placing = this.#post(orderOf(nth, { quantity: 1 }), isCancelled);
    this.#open.add(placing);
    void placing.finally(() => this.#open.delete(placing));
  }

  async #post(order: OrderBody, isCancelled: boolean): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    while (performance.now() < giveUpAt) {
      const answer = await this.#site.order(order).catch(() => null);
      const status = answer?.status ?? 0;
      if (answer !== null && (status === 202 || status === 200)) {
        this.acknowledged.set(order.order_id, answer.body.saga_id);
        this.accepted.push(order);
        if (isCancelled) await this.#cancel(answer.body.saga_id);
        return;
      }
      if (status !== 0 && status !== 429 && status !== 503) {
        return this.#fault(`order ${order.order_id} was answered ${status}`);
      }
      this.repeats += 1;
      await delay(REPEAT_MS);
    }
    this.#fault(`nobody took order ${order.order_id}`);
  }

  async #cancel(sagaId: string): Promise<void> {
    const command = { command: 'cancel', reason: 'the customer thought better of it' };
    const answer = await this.#site
      .call('POST', `/api/sagas/${sagaId}/commands`, command)
      .catch(() => null);
    if (answer?.status === 202) this.cancels.accepted += 1;
    else if (answer?.status === 409) this.cancels.tooLate += 1;
    else if (answer === null || answer.status === 503) this.cancels.unanswered += 1;
    else this.#fault(`the cancel of saga ${sagaId} was answered ${answer.status}`);
  }

  #fault(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(what);
  }
}
