/**
 * The one error of the client: what a server refused, or why nobody knows what it did.
 *
 * It has the members of `BackstepError`, so that a program reads both alike.
 */
import type { ErrorCode } from '../core/errors.ts';
import type { HttpCode } from '../server/error-response.ts';

/** Codes of the client itself. */
export type ClientCode =
  /** No answer came, and nothing was changed by the request. */
  | 'unreachable'
  /** No answer came, and it may have been taken. It was not sent again: that might do it twice. */
  | 'outcome-unknown'
  /** What answered is no Backstep server, or one that is broken. */
  | 'answer-unreadable';

/** What a `ClientError` may carry beside its message. */
export interface ClientErrorDetails {
  /** Of the answer; none: there was none. */
  readonly status?: number;
  readonly legal?: readonly string[];
  readonly kept?: readonly string[];
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** Everything that the client throws, but for the reason of a signal that was aborted. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** Stable, safe to match on: those of the server, and three of the client's own. */
  readonly code: ErrorCode | HttpCode | ClientCode | (string & {});
  /** The HTTP status of the answer; `null`: none came. */
  readonly status: number | null;
  /** With `not-legal`: the commands or events that are legal now. */
  readonly legal: readonly string[];
  /** With `not-legal`, of an event: the types that are kept now for later. */
  readonly kept: readonly string[];
  /** With `input-invalid`: where, as property names joined with dots. */
  readonly issues: readonly { readonly path: string; readonly message: string }[];
  /** When the server asks to be asked again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? null;
    this.legal = details.legal ?? [];
    this.kept = details.kept ?? [];
    this.issues = details.issues ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}
