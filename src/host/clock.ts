/**
 * Time as the runtime sees it; tests and simulations bring their own.
 */
import { uptime } from 'node:os';

/** Stops what `after` set up. */
export type CancelTimeout = () => void;

export interface Clock {
  /** The wall clock, milliseconds since 1970. May jump, also backwards. */
  nowMs(): number;
  /**
   * Milliseconds since some moment, sleep of the machine included; never jumps. Without it, a wall
   * clock that is set is only noticed at the next start.
   */
  monotonicMs?(): number;
  /** Calls `run` once after `delayMs`, unless cancelled. Never keeps the process alive. */
  after(delayMs: number, run: () => void): CancelTimeout;
}

/** Resolves with the promise or after `limitMs`, whichever comes first. */
export async function orAfter(
  clock: Clock,
  promise: Promise<unknown>,
  limitMs: number,
): Promise<void> {
  let cancel: CancelTimeout = () => {};
  const late = new Promise<void>((resolve) => {
    cancel = clock.after(limitMs, resolve);
  });
  await Promise.race([promise, late]);
  cancel();
}

/** Resolves after `delayMs`. */
export function pause(clock: Pick<Clock, 'after'>, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Longest delay a Node timer takes; a longer one would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Unlike the clock of `performance` it goes on while the machine sleeps.
  monotonicMs: () => uptime() * 1_000,
  after: (delayMs, run) => {
    let handle: NodeJS.Timeout;
    const wait = (restMs: number): void => {
      const sleepMs = Math.min(restMs, MAX_TIMEOUT_MS);
      handle = setTimeout(() => {
        if (restMs > sleepMs) wait(restMs - sleepMs);
        else run();
      }, sleepMs);
      handle.unref();
    };
    wait(delayMs);
    return () => clearTimeout(handle);
  },
};
