/**
 * Whether the payment provider runs, for pages that cannot wait for it: what was seen last, looked
 * at again whenever somebody asks, and by itself for as long as it is down or an order to it is
 * under way.
 *
 * Must never say what was only ordered: a program takes a moment to end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ProviderProcess } from './order-lab.ts';

/** Least time between two looks that pages ask for. */
const MIN_AGE_MS = 1_000;
/** Between two looks at a change that is under way, or at a provider that is down. */
const POLL_MS = 250;
/** Longest that the very first look is waited for. */
const MAX_WAIT_MS = 300;
/** After this an order counts as not obeyed. */
const OBEYED_WITHIN_MS = 10_000;

export class ProviderWatch {
  readonly #provider: ProviderProcess;
  readonly #nowMs: () => number;
  readonly #onChange: () => void;
  /** `null`: nobody looked yet. */
  #isRunning: boolean | null = null;
  #look: Promise<void> | null = null;
  #lookedAtMs = -Infinity;
  #ordered: { readonly isRunning: boolean; readonly untilMs: number } | null = null;
  #timer: NodeJS.Timeout | undefined;

  /** `onChange` is called when a look found something else than the one before it. */
  constructor(provider: ProviderProcess, nowMs: () => number, onChange: () => void) {
    this.#provider = provider;
    this.#nowMs = nowMs;
    this.#onChange = onChange;
    void this.#lookNow();
  }

  /** What was seen last, for who cannot wait: it does until it is seen that it does not. */
  wasRunning(): boolean {
    if (this.#nowMs() - this.#lookedAtMs >= MIN_AGE_MS) void this.#lookNow();
    return this.#isRunning ?? true;
  }

  /** What was seen last. Waits only for the first look, and not for long. */
  async isRunning(): Promise<boolean> {
    const isOld = this.#nowMs() - this.#lookedAtMs >= MIN_AGE_MS;
    const look = isOld ? this.#lookNow() : Promise.resolve();
    if (this.#isRunning === null) {
      await Promise.race([look, delay(MAX_WAIT_MS, undefined, { ref: false })]);
    }
    return this.#isRunning ?? true;
  }

  /** Orders it to end, or to run again. */
  order(wanted: 'stopped' | 'running'): void {
    const isRunning = wanted === 'running';
    if (isRunning) this.#provider.start();
    else this.#provider.stop();
    this.#ordered = { isRunning, untilMs: this.#nowMs() + OBEYED_WITHIN_MS };
    this.#lookSoon();
  }

  #lookNow(): Promise<void> {
    this.#look ??= this.#lookOnce().finally(() => (this.#look = null));
    return this.#look;
  }

  async #lookOnce(): Promise<void> {
    const before = this.#isRunning;
    this.#isRunning = await this.#provider.isRunning();
    this.#lookedAtMs = this.#nowMs();
    const { isRunning, untilMs } = this.#ordered ?? { isRunning: this.#isRunning, untilMs: 0 };
    if (isRunning === this.#isRunning || this.#lookedAtMs > untilMs) this.#ordered = null;
    if (!this.#isRunning || this.#ordered !== null) this.#lookSoon();
    if (before !== this.#isRunning) this.#onChange();
  }

  #lookSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#lookNow(), POLL_MS).unref();
  }
}
