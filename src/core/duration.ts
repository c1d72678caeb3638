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
export const MAX_DURATION_MS = 10 * 365 * 86_400_000;

/** Whole milliseconds. Throws `definition-invalid` naming `subject` when it is not a duration. */
export function toMs(duration: Duration, subject: string): number {
  const ms = typeof duration === 'number' ? duration : parseDuration(duration);
  if (ms === null || !Number.isFinite(ms) || ms < 0 || ms > MAX_DURATION_MS) {
    throw new BackstepError(
      'definition-invalid',
      `${subject}: "${duration}" is not a duration; write for example 200ms, 3s, 5m, 24h or 30d`,
    );
  }
  return Math.round(ms);
}

/** Milliseconds of a duration text, `null` when it is none. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text);
  const unitMs = UNIT_MS[match?.[2] ?? ''];
  return match?.[1] === undefined || unitMs === undefined ? null : Number(match[1]) * unitMs;
}
