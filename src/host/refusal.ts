/**
 * A refusal as data: JSON on its way to a caller in another process, or to one that asks later, and
 * there the same error again.
 */
import { BackstepError, type ErrorCode, type Issue } from '../core/errors.ts';
import { toFailure } from '../core/failure.ts';

/** The parts of a `BackstepError`; `unexpected`: it was another one. */
export interface Refusal {
  readonly code: ErrorCode | 'unexpected';
  readonly message: string;
  readonly legal?: readonly string[];
  readonly kept?: readonly string[];
  readonly issues?: readonly Issue[];
  readonly retryAfterMs?: number;
}

/** As much of a message as is kept. */
const MAX_MESSAGE = 4_000;

/** The refusal that an error is. */
export function refusalOfError(error: unknown): Refusal {
  const { message } = toFailure(error);
  const shown = message.slice(0, MAX_MESSAGE);
  if (!(error instanceof BackstepError)) return { code: 'unexpected', message: shown };
  const { code, legal, kept, issues, retryAfterMs } = error;
  return {
    code,
    message: shown,
    ...(legal.length === 0 ? {} : { legal }),
    ...(kept.length === 0 ? {} : { kept }),
    ...(issues.length === 0 ? {} : { issues }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** The error that was refused with. */
export function errorOfRefusal({ code, message, ...details }: Refusal): Error {
  return code === 'unexpected' ? new Error(message) : new BackstepError(code, message, details);
}
