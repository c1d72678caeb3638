/** What bounds a read, whatever the database, and how callers are told. */
import { BackstepError } from '../core/errors.ts';

/** How long one query may take, not counting the start of what answers it. */
export const READ_TIME_LIMIT_MS = 2_000;
/** Most queries waiting for their turn; above it a read is refused as `overloaded`. */
export const MAX_QUEUED_READS = 10_000;
/** Most rows one query may give. */
export const MAX_ROWS_READ = 50_000;
const RETRY_AFTER_MS = 1_000;

export const ONLY_READS = 'this connection only reads; write through the store';
export const TOO_MANY_ROWS = `a query may give at most ${MAX_ROWS_READ} rows; add a limit`;

export function readUnavailable(message: string): BackstepError {
  return new BackstepError('unavailable', message, { retryAfterMs: RETRY_AFTER_MS });
}

export function tooManyReads(): BackstepError {
  const details = { retryAfterMs: RETRY_AFTER_MS };
  return new BackstepError('overloaded', 'too many reads wait', details);
}

export function tookTooLong(timeLimitMs: number): BackstepError {
  return readUnavailable(`a read took longer than ${timeLimitMs} ms`);
}
