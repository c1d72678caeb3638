/**
 * What a program gave, as it is sent. Everything here throws `input-invalid` for what cannot be meant,
 * before anything is sent.
 */
import { type Duration, toMs } from '../core/duration.ts';
import { ClientError } from './client-error.ts';

/** The longest that a timer waits; one that is longer ends at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds of a duration, for a timer: of one beyond 24 days so many as it can wait. */
export function durationMs(duration: Duration, subject: string): number {
  return Math.min(
    given(() => toMs(duration, subject)),
    LONGEST_TIMER_MS,
  );
}

/** A time as ISO 8601 text. */
export function isoTimeText(time: Date | number | string, subject: string): string {
  return given(() => new Date(time).toISOString(), `${subject}: is not a time`);
}

/** A body as JSON. */
export function jsonBody(body: object): string {
  return given(() => JSON.stringify(body), 'what was given is no JSON');
}

function given<Value>(read: () => Value, what?: string): Value {
  try {
    return read();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const message = what === undefined ? why : `${what}: ${why}`;
    throw new ClientError('input-invalid', message, { cause });
  }
}
