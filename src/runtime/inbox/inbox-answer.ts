/**
 * What is written down of a row of the inbox once it was dealt with: for the process that asked, or
 * for the person who reads why it was refused.
 */
import { BackstepError, type ErrorCode, type Issue } from '../../core/errors.ts';
import { toFailure } from '../../core/failure.ts';
import type { StartResult } from '../../host/saga-handle.ts';

/** The row that a turn deals with. */
export interface InboxRef {
  readonly id: number;
  /** Another process waits for the answer; without one the row goes away. */
  readonly isRequest: boolean;
}

export type InboxAnswer =
  | ({ readonly kind: 'started' } & StartResult)
  /** The saga's `seq` after the turn. */
  | { readonly kind: 'turn'; readonly seq: number }
  | InboxRefusal;

/** Why a row was refused; the parts of a `BackstepError`. */
export interface InboxRefusal {
  readonly kind: 'refused';
  readonly code: ErrorCode | 'unexpected';
  readonly message: string;
  readonly legal?: readonly string[];
  readonly kept?: readonly string[];
  readonly issues?: readonly Issue[];
  readonly retryAfterMs?: number;
}

/** As much of a message as is kept. */
const MAX_MESSAGE = 4_000;

/** What the writer is told of the row: its answer where somebody waits for it. */
export function settledRow({ id, isRequest }: InboxRef, answer: InboxAnswer) {
  return { id, answer: isRequest ? JSON.stringify(answer) : null };
}

/** The refusal that an error is. */
export function refusalOfError(error: unknown): InboxRefusal {
  const { message } = toFailure(error);
  const shown = message.slice(0, MAX_MESSAGE);
  if (!(error instanceof BackstepError)) {
    return { kind: 'refused', code: 'unexpected', message: shown };
  }
  const { code, legal, kept, issues, retryAfterMs } = error;
  return {
    kind: 'refused',
    code,
    message: shown,
    ...(legal.length === 0 ? {} : { legal }),
    ...(kept.length === 0 ? {} : { kept }),
    ...(issues.length === 0 ? {} : { issues }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The error that was refused with. */
export function errorOfRefusal({ code, message, ...details }: InboxRefusal): Error {
  return code === 'unexpected' ? new Error(message) : new BackstepError(code, message, details);
}

/** An answer as it is stored; the engine wrote it. */
export function parseAnswer(text: string): InboxAnswer {
  return JSON.parse(text) as InboxAnswer;
}
