/**
 * Retry policies as data. Pure: jitter comes from a hash of the key and the attempt, so a replay
 * gives the same delays.
 */
import { type Duration, toMs } from './duration.ts';
import { BackstepError } from './errors.ts';
import { unitInterval } from './hash.ts';

/**
 * How much of a delay is left to chance. `none`: the delay as computed. `equal`: between half of it
 * and all of it, so that delays still grow. `full`: between zero and all of it. See "Exponential
 * Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export type Jitter = 'none' | 'equal' | 'full';

/** When and how often a failed attempt is repeated. */
export interface RetryPolicy {
  /** Delay before the second attempt. */
  readonly firstMs: number;
  /** Each further delay is this many times the one before. */
  readonly factor: number;
  /** No delay is longer. */
  readonly maxMs: number;
  /** All attempts, the first included. */
  readonly attempts: number;
  readonly jitter: Jitter;
  /** All attempts and delays together; `null`: bounded by their number alone. */
  readonly totalMs: number | null;
  /** Codes of failures that another attempt cannot mend. */
  readonly nonRetryable: readonly string[];
}

/** What `exponential` takes; every part has a default. */
export interface ExponentialOptions {
  /** Default 200ms. */
  readonly first?: Duration;
  /** Default 2. */
  readonly factor?: number;
  /** Default 10s. */
  readonly max?: Duration;
  /** Default 4, at most 1,000. */
  readonly attempts?: number;
  /** Default `equal`. */
  readonly jitter?: Jitter;
  /** See `RetryPolicy.totalMs`. Default none. */
  readonly total?: Duration;
  /** See `RetryPolicy.nonRetryable`. Default none. */
  readonly nonRetryable?: readonly string[];
}

/** Most attempts a policy may ask for. */
const MAX_ATTEMPTS = 1_000;

/** A policy with delays first, first*factor, ... up to max. Throws `definition-invalid`. */
export function exponential(options: ExponentialOptions = {}): RetryPolicy {
  const { attempts = 4, factor = 2, jitter = 'equal' } = options;
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > MAX_ATTEMPTS) {
    throw new BackstepError(
      'definition-invalid',
      `retry: attempts is ${attempts}; give a whole number from 1 to ${MAX_ATTEMPTS}`,
    );
  }
  if (!Number.isFinite(factor) || factor < 1) {
    throw new BackstepError('definition-invalid', `retry: factor is ${factor}; give 1 or more`);
  }
  return {
    firstMs: toMs(options.first ?? '200ms', 'retry: first'),
    maxMs: toMs(options.max ?? '10s', 'retry: max'),
    factor,
    attempts,
    jitter,
    totalMs: options.total === undefined ? null : toMs(options.total, 'retry: total'),
    nonRetryable: options.nonRetryable ?? [],
  };
}

/** One attempt, no retry. */
export const NO_RETRY: RetryPolicy = exponential({ attempts: 1 });

/**
 * The delay after the given failed attempt, in whole milliseconds.
 *
 * @param attempt the attempt that failed, 1 for the first
 * @param key what the jitter depends on beside the attempt
 */
export function delayAfterMs(policy: RetryPolicy, attempt: number, key: string): number {
  const delayMs = Math.min(policy.firstMs * policy.factor ** (attempt - 1), policy.maxMs);
  switch (policy.jitter) {
    case 'none':
      return Math.round(delayMs);
    case 'equal':
      return Math.round(delayMs / 2 + (delayMs / 2) * unitInterval(`${key}/${attempt}`));
    case 'full':
      return Math.round(delayMs * unitInterval(`${key}/${attempt}`));
  }
}
