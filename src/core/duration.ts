/**
 * Durations as people write them: `200ms`, `3s`, `5m`, `24h`, `30d`, or a number of milliseconds.
 */
import { BackstepError } from './errors.ts';

/** Text such as `200ms`, `1.5s`, `5m`, `24h`, `30d`; or milliseconds. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Longest duration accepted: ten years. */
const MAX_DURATION_MS = 10 * 365 * 86_400_000;

/** What a duration is, for messages. */
export const DURATION_EXAMPLES = '200ms, 1.5s, 5m, 24h or 30d';

/**
 * Whole milliseconds, a fraction rounded up. Throws `definition-invalid` naming `subject` when it
 * is not a duration.
 */
export function toMs(duration: Duration, subject: string): number {
  if (isDuration(duration)) return wholeMs(msOf(duration));
  throw new BackstepError(
    'definition-invalid',
    `${subject}: "${String(duration)}" is not a duration; write for example ${DURATION_EXAMPLES}`,
  );
}

/** Whether something from outside the types is a duration, of at most ten years. */
export function isDuration(value: unknown): value is Duration {
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  return isDelayMs(msOf(value));
}

/** Whether it is a number of milliseconds that a timer can be armed with; fractions included. */
export function isDelayMs(ms: unknown): ms is number {
  return typeof ms === 'number' && ms >= 0 && ms <= MAX_DURATION_MS;
}

/** Milliseconds as timers and the store take them: whole, a fraction rounded up. */
export function wholeMs(ms: number): number {
  // What the product of two fractions is too much by is no fraction: 1.1h are 3,960,000 ms.
  return Math.ceil(ms * (1 - 4 * Number.EPSILON));
}

function msOf(duration: number | string): number {
  return typeof duration === 'number' ? duration : (parseDuration(duration) ?? NaN);
}

/** Milliseconds of a duration text, `null` when it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match?.[1] === undefined || unitMs === undefined ? null : Number(match[1]) * unitMs;
}
