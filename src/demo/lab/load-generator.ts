/**
 * Places many orders, some at a time, and counts what becomes of them.
 *
 * One load at a time, in memory: it ends with the process. Invariant: at most `concurrency` of its
 * orders are under way; what is refused for overload is placed later, never dropped.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BackstepError } from '../../core/errors.ts';
import type { StartStatus } from '../../host/saga-handle.ts';
import type { DemoContext } from '../demo-context.ts';
import { labOrder, productIdsOf } from './lab-runner.ts';
import { ORDER_SAGA, type OrderDemo } from '../order/order-demo.ts';

export const MAX_LOAD = 5_000;
export const MAX_CONCURRENCY = 200;
/** Longest that one order is waited for before the next one is placed. */
const MAX_SETTLE_MS = 60_000;
const DEFAULT_RETRY_MS = 250;

/** What is asked for. */
export interface LoadRequest {
  /** 1 to `MAX_LOAD`. */
  readonly total: number;
  /** 1 to `MAX_CONCURRENCY`. */
  readonly concurrency: number;
}

/** How it goes. */
export interface LoadFigures extends LoadRequest {
  readonly kind: 'running' | 'finished' | 'stopped' | 'failed';
  readonly placed: number;
  /** Orders that nothing more happens to, or that need a person. */
  readonly settled: number;
  readonly byStatus: Readonly<Partial<Record<StartStatus, number>>>;
  /** How often an order was refused for overload and placed later. */
  readonly refusals: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

export class LoadGenerator {
  readonly #context: Pick<DemoContext, 'backstep' | 'logger' | 'nowMs'>;
  readonly #demo: OrderDemo;
  readonly #onChange: () => void;
  #figures: LoadFigures | null = null;
  /** Counts the loads, so that orders of a stopped one do not count for the next. */
  #load = 0;

  /** `onChange`: called when the figures change without a transition. */
  constructor(
    context: Pick<DemoContext, 'backstep' | 'logger' | 'nowMs'>,
    demo: OrderDemo,
    onChange: () => void,
  ) {
    this.#context = context;
    this.#demo = demo;
    this.#onChange = onChange;
  }

  /** The last load; `null`: there was none. */
  figures(): LoadFigures | null {
    return this.#figures;
  }

  /** Begins a load. Throws `conflict` while one is under way. */
  start({ total, concurrency }: LoadRequest): void {
    if (this.#figures?.kind === 'running') {
      throw new BackstepError('conflict', 'a load is under way: wait for its end or stop it');
    }
    const startedAtMs = this.#context.nowMs();
    const none = { placed: 0, settled: 0, refusals: 0, byStatus: {}, endedAtMs: null };
    this.#figures = { kind: 'running', total, concurrency, startedAtMs, ...none };
    this.#load += 1;
    const load = this.#load;
    void this.#run(load, concurrency).then(
      () => this.#end(load, 'finished'),
      (err: unknown) => {
        this.#context.logger.error({ err }, 'a load could not go on');
        this.#end(load, 'failed');
      },
    );
  }

  /** Places no more orders; those under way go on by themselves. */
  stop(): void {
    this.#end(this.#load, 'stopped');
  }

  async #run(load: number, concurrency: number): Promise<void> {
    const products = await productIdsOf(this.#demo);
    const prefix = `load-${randomUUID().slice(0, 8)}`;
    const worker = async (): Promise<void> => {
      for (let number = this.#take(load); number !== null; number = this.#take(load)) {
        const productId = products[number % products.length] ?? products[0];
        await this.#one(load, `${prefix}-${number}`, productId);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }

  /** The number of the next order; `null`: no more. */
  #take(load: number): number | null {
    const figures = this.#figures;
    if (load !== this.#load || figures?.kind !== 'running' || figures.placed >= figures.total)
      return null;
    this.#figures = { ...figures, placed: figures.placed + 1 };
    return figures.placed;
  }

  async #one(load: number, orderId: string, productId: string): Promise<void> {
    const { backstep } = this.#context;
    const { input, key } = await this.#demo.parseOrder(labOrder(orderId, productId));
    let id: string | null = null;
    while (id === null) {
      try {
        ({ id } = await backstep.spawn(ORDER_SAGA, { input, key }));
      } catch (error) {
        const delayMs = retryDelayOf(error);
        if (delayMs === null || this.#figures?.kind !== 'running') throw error;
        this.#note(load, ({ refusals }) => ({ refusals: refusals + 1 }));
        await sleep(delayMs);
      }
    }
    const status = (await backstep.saga(id).settled({ within: MAX_SETTLE_MS })).status;
    this.#note(load, ({ settled, byStatus }) => ({
      settled: settled + 1,
      byStatus: { ...byStatus, [status]: (byStatus[status] ?? 0) + 1 },
    }));
  }

  #note(load: number, change: (figures: LoadFigures) => Partial<LoadFigures>): void {
    if (this.#figures !== null && load === this.#load)
      this.#figures = { ...this.#figures, ...change(this.#figures) };
  }

  #end(load: number, kind: LoadFigures['kind']): void {
    if (load !== this.#load || this.#figures?.kind !== 'running') return;
    this.#figures = { ...this.#figures, kind, endedAtMs: this.#context.nowMs() };
    this.#onChange();
  }
}

/** When to try again; `null`: not an overload. */
function retryDelayOf(error: unknown): number | null {
  if (!(error instanceof BackstepError) || error.code !== 'overloaded') return null;
  return error.retryAfterMs ?? DEFAULT_RETRY_MS;
}
