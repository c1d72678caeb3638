/**
 * Retry policies as data. Pure: jitter comes from a hash of the key and the attempt, so a replay
 * gives the same delays.
 */
import { type Duration, toMs } from './duration.ts';
import { unitInterval } from './hash.ts';
import {
  AMOUNT,
  check,
  type Kind,
  kindOf,
  listOf,
  oneOf,
  optionsOf,
  required,
  TEXT,
  TIME,
  whole,
} from './options-reader.ts';
import { shown } from './shown.ts';

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
export const MAX_ATTEMPTS = 1_000;

const ATTEMPTS = whole(1, MAX_ATTEMPTS);
const FACTOR = kindOf('1 or more', (value) => Number.isFinite(value) && Number(value) >= 1);
const JITTER = oneOf(['none', 'equal', 'full']);
const CODES = listOf(TEXT, 'codes');

const EXPONENTIAL_OPTIONS = optionsOf({
  first: TIME,
  factor: FACTOR,
  max: TIME,
  attempts: ATTEMPTS,
  jitter: JITTER,
  total: TIME,
  nonRetryable: CODES,
});

const POLICY = optionsOf({
  firstMs: required(AMOUNT),
  factor: required(FACTOR),
  maxMs: required(AMOUNT),
  attempts: required(ATTEMPTS),
  jitter: required(JITTER),
  totalMs: required(
    kindOf('milliseconds or null', (value) => value === null || AMOUNT.faultOf(value) === null),
  ),
  nonRetryable: required(CODES),
});

const POLICY_EXAMPLE = 'a policy such as exponential({ attempts: 3 }) or NO_RETRY';

/** A policy, for options that take one. */
export const RETRY: Kind = {
  takes: POLICY_EXAMPLE,
  faultOf: (value) => {
    const fault = POLICY.faultOf(value);
    if (fault === null) return null;
    if (fault.path === '') return { ...fault, what: `is ${shown(value)}; give ${POLICY_EXAMPLE}` };
    return { ...fault, what: `${fault.what}; make it with exponential({ ... })` };
  },
};

/** A policy with delays first, first*factor, ... up to max. Throws `definition-invalid`. */
export function exponential(options: ExponentialOptions = {}): RetryPolicy {
  check(options, EXPONENTIAL_OPTIONS, 'retry', 'definition-invalid');
  const { attempts = 4, factor = 2, jitter = 'equal' } = options;
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
  // Nothing grows from nothing, however large the factor has become.
  const grownMs = policy.firstMs === 0 ? 0 : policy.firstMs * policy.factor ** (attempt - 1);
  const delayMs = Math.min(grownMs, policy.maxMs);
  switch (policy.jitter) {
    case 'none':
      return Math.round(delayMs);
    case 'equal':
      return Math.round(delayMs / 2 + (delayMs / 2) * unitInterval(`${key}/${attempt}`));
    case 'full':
      return Math.round(delayMs * unitInterval(`${key}/${attempt}`));
  }
}
