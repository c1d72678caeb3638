/**
 * The one error family of Backstep.
 *
 * Expected outcomes are values (see `turn`); an error here means a broken contract or a request
 * that cannot be served. It never carries an HTTP status: `http/error-response` maps codes.
 */

/** Stable codes, safe to match on. */
export type ErrorCode =
  /** A saga definition breaks a rule; the message names the place and the cure. */
  | 'definition-invalid'
  /** A value does not match its schema; `issues` says where. */
  | 'input-invalid'
  /** A value does not survive a JSON round trip. */
  | 'not-json'
  /** A saga's state would be larger than the limit. */
  | 'too-large'
  /** No saga type, saga or step of that name. */
  | 'not-found'
  /** Same start key, other input; or the saga's version moved on. */
  | 'conflict'
  /** The command or event is not legal in the saga's present state. */
  | 'not-legal'
  /** A bound is reached; try again later. */
  | 'overloaded'
  /** The engine is draining, stopped, or cannot write just now. */
  | 'unavailable'
  /** The database cannot be used: not ours, newer, owned by another; or its driver is not installed. */
  | 'storage-refused'
  /** Stored state cannot be read back: checksum, unknown version or unknown state. */
  | 'state-unreadable'
  /** The saga's version is not registered, and no migration leads from it to one that is. */
  | 'version-missing'
  /** The storage failed in a way that leaves the outcome of a commit unknown. */
  | 'storage-failed';

/** One place in an input that a schema refused. */
export interface Issue {
  /** Property names and indexes from the root, joined with dots; empty for the root. */
  readonly path: string;
  readonly message: string;
  /** True when the value has the wrong type or is missing; false when it is out of range. */
  readonly isTypeError: boolean;
}

/** What an error may carry beside its message. */
export interface ErrorDetails {
  readonly cause?: unknown;
  /** The commands or events that are legal now, for `not-legal`. */
  readonly legal?: readonly string[];
  /** The events that would be kept now for later, for an event that is `not-legal`. */
  readonly kept?: readonly string[];
  /** Where an input was refused, for `input-invalid`. */
  readonly issues?: readonly Issue[];
  /** When to try again, for `overloaded` and `unavailable`. */
  readonly retryAfterMs?: number;
}

/** Every error Backstep throws on purpose. */
export class BackstepError extends Error {
  override readonly name = 'BackstepError';
  readonly code: ErrorCode;
  readonly legal: readonly string[];
  readonly kept: readonly string[];
  readonly issues: readonly Issue[];
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.legal = details.legal ?? [];
    this.kept = details.kept ?? [];
    this.issues = details.issues ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** True for a refusal that time mends: there was no room, or the store was too slow or away. */
export function isPassing(error: unknown): boolean {
  return (
    error instanceof BackstepError && (error.code === 'unavailable' || error.code === 'overloaded')
  );
}
