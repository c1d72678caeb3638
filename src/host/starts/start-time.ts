/** When a saga is to begin, as the caller of `spawn` said it. */
import { DURATION_EXAMPLES, parseDuration, wholeMs } from '../../core/duration.ts';
import { BackstepError } from '../../core/errors.ts';
import type { SpawnOptions } from '../backstep.ts';

/** Farthest start ahead: ten years, as for any duration. */
const MAX_AHEAD_MS = 10 * 365 * 86_400_000;

/**
 * Milliseconds since 1970; `null`: at once, also for a time that has passed. Throws `input-invalid`
 * naming the option.
 */
export function startTimeOf({ startAt, delay }: SpawnOptions, nowMs: number): number | null {
  if (startAt !== undefined && delay !== undefined) {
    throw invalid('delay', 'cannot be given together with startAt');
  }
  const startAtMs = startAt === undefined ? nowMs + delayMsOf(delay ?? 0) : timeOf(startAt);
  if (startAtMs - nowMs > MAX_AHEAD_MS) {
    throw invalid(startAt === undefined ? 'delay' : 'startAt', 'is more than ten years ahead');
  }
  return startAtMs > nowMs ? startAtMs : null;
}

function timeOf(startAt: Date | number): number {
  const atMs = typeof startAt === 'number' ? startAt : startAt.getTime();
  if (Number.isFinite(atMs)) return Math.round(atMs);
  throw invalid('startAt', 'is not a time; give a Date or milliseconds since 1970');
}

function delayMsOf(delay: NonNullable<SpawnOptions['delay']>): number {
  const ms = typeof delay === 'number' ? delay : parseDuration(delay);
  if (ms !== null && Number.isFinite(ms) && ms >= 0) return wholeMs(ms);
  throw invalid('delay', `is not a duration; write for example ${DURATION_EXAMPLES}`);
}

function invalid(path: string, message: string): BackstepError {
  const issues = [{ path, message, isTypeError: false }];
  return new BackstepError('input-invalid', `${path} ${message}`, { issues });
}
