/**
 * What an activity's failure means: worth another try or not, and whether its effect may have
 * happened. The only place that decides transient or permanent.
 *
 * Never throws, whatever was thrown at it (undefined, strings, cyclic objects, hostile getters).
 */

/** A failure as data: small, JSON-safe, the same in journal, dead letter and API. */
export interface Failure {
  /** The error's own `code` when it has one, else its name. */
  readonly code: string;
  readonly message: string;
  /** False: another attempt cannot succeed. */
  readonly retryable: boolean;
  /**
   * True: nobody can know whether the effect happened (time-out, reset connection, crash between
   * effect and record), so the step must be treated as if it had.
   */
  readonly ambiguous: boolean;
  /** What was thrown, for a machine that somebody drew; see `errorOf`. */
  readonly thrown?: Thrown;
}

/** What was thrown: an error by what makes it up, anything else as it is. */
export type Thrown =
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly message: string;
      /** Own members that JSON keeps, such as `status`. */
      readonly members: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'value'; readonly value: unknown };

/** The failure without what was thrown, as ledgers and reasons keep it. */
export function plainFailure(failure: Failure): Failure {
  if (failure.thrown === undefined) return failure;
  const { thrown: _, ...plain } = failure;
  return plain;
}

/** Longest message kept of an error; the rest is cut. */
const MAX_FAILURE_MESSAGE_LENGTH = 500;
const MAX_FAILURE_CODE_LENGTH = 60;

/** Thrown by an activity: the effect did not happen and another attempt cannot succeed. */
export class PermanentError extends Error {
  override readonly name: string = 'PermanentError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Thrown by an activity: the effect did not happen, another attempt may succeed. Any other error
 * is retried as well but counts as ambiguous: it may have happened.
 */
export class TransientError extends Error {
  override readonly name: string = 'TransientError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The failure that a thrown value stands for. */
export function toFailure(thrown: unknown): Failure {
  try {
    return readFailure(thrown);
  } catch {
    return UNREADABLE; // hostile to any look at it, like a revoked Proxy
  }
}

const UNREADABLE: Failure = {
  code: 'Error',
  message: 'a value that cannot be looked at was thrown',
  retryable: true,
  ambiguous: true,
};

function readFailure(thrown: unknown): Failure {
  const isPermanent = thrown instanceof PermanentError;
  return {
    code: clip(
      readText(thrown, 'code') ?? readText(thrown, 'name') ?? 'Error',
      MAX_FAILURE_CODE_LENGTH,
    ),
    message: clip(messageOf(thrown), MAX_FAILURE_MESSAGE_LENGTH),
    retryable: !isPermanent,
    ambiguous: !isPermanent && !(thrown instanceof TransientError),
  };
}

/** Why a saga past its deadline compensates. */
export const DEADLINE_PASSED: Failure = {
  code: 'deadline',
  message: 'the saga did not finish before its deadline',
  retryable: false,
  ambiguous: true,
};

/** Why a step is given up on whose attempts together took too long. */
export const TOTAL_TIME_PASSED: Failure = {
  code: 'total-time',
  message: 'the attempts together took longer than the retry policy allows',
  retryable: false,
  ambiguous: false,
};

/** Why a saga compensates whose awaited event never came. */
export const WAIT_EXPIRED: Failure = {
  code: 'wait-expired',
  message: 'the awaited event did not come in time',
  retryable: false,
  ambiguous: false,
};

/** Why a saga compensates whose child took longer than it may. */
export function childExpired(child: string): Failure {
  return {
    code: 'child-expired',
    message: `the child "${child}" did not end within its limit`,
    retryable: false,
    ambiguous: true,
  };
}

/** Why a saga compensates whose loop reached its bound and wanted more. */
export const LOOP_UNENDING: Failure = {
  code: 'loop-unending',
  message: 'the loop reached its largest number of rounds and is not done',
  retryable: false,
  ambiguous: false,
};

/** Code of the failure to cancel a child saga that had completed: it must be undone otherwise. */
export const CHILD_COMPLETED = 'child-completed';

/** Why an attempt is given up on that the process did not outlive, again and again. */
export const INTERRUPTED: Failure = {
  code: 'interrupted',
  message: 'the process ended too often while this attempt ran',
  retryable: false,
  ambiguous: true,
};

/** A failure for good as a list shows it, `code: message`, as far as that can be read back. */
export function failureOfText(text: string): Failure {
  const [, code = 'Error', message = text] = /^([^\s:]+): (.*)$/s.exec(text) ?? [];
  return { code, message, retryable: false, ambiguous: false };
}

/** Why an attempt that is never started twice is given up on. */
export const INTERRUPTED_ONCE: Failure = {
  ...INTERRUPTED,
  message: 'the process ended while this attempt ran, which is never started twice',
};

/** What a timed-out attempt is recorded as. */
export const ATTEMPT_TIMED_OUT: Failure = {
  code: 'timeout',
  message: 'the attempt took longer than its time-out',
  retryable: true,
  ambiguous: true,
};

/** True for a value that is a failure already, as results and snapshots carry it. */
export function isFailure(error: unknown): error is Failure {
  if (error === null || typeof error !== 'object') return false;
  try {
    return 'retryable' in error && 'ambiguous' in error;
  } catch {
    return false; // hostile, see `toFailure`
  }
}

function messageOf(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown;
  if (thrown === null || typeof thrown !== 'object') return `thrown: ${String(thrown)}`;
  return saidBy(thrown, MAX_CAUSES) || 'an object without a message was thrown';
}

/** How deep causes are read, and how many errors of one that stands for several. */
const MAX_CAUSES = 3;

/** With what lies behind it: the "fetch failed" of a call says nothing without its cause. */
function saidBy(thrown: object, causes: number): string {
  const own = readText(thrown, 'message') ?? '';
  const reasons = causes === 0 ? [] : reasonsOf(thrown);
  const words = reasons.map((each) => (typeof each === 'string' ? each : saidBy(each, causes - 1)));
  const news = new Set(words.filter((each) => each !== '' && !own.includes(each)));
  return [own, [...news].join('; ')].filter((each) => each !== '').join(': ');
}

function reasonsOf(thrown: object): readonly (string | object)[] {
  try {
    if (!(thrown instanceof Error)) return [];
    const errors: unknown = Reflect.get(thrown, 'errors');
    const several: unknown[] = Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [];
    return [...several, thrown.cause].filter(
      (each) => typeof each === 'string' || (typeof each === 'object' && each !== null),
    );
  } catch {
    return []; // hostile, see `toFailure`
  }
}

function readText(thrown: unknown, property: 'code' | 'name' | 'message'): string | undefined {
  if (thrown === null || typeof thrown !== 'object') return undefined;
  try {
    const value: unknown = Reflect.get(thrown, property);
    return typeof value === 'string' && value !== '' ? value : undefined;
  } catch {
    return undefined; // a getter that throws has nothing to tell
  }
}

// Well-formed, so that the store gives it back as it was: a cut may halve a character.
function clip(text: string, length: number): string {
  return (text.length <= length ? text : `${text.slice(0, length - 1)}…`).toWellFormed();
}
