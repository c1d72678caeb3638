/**
 * Times as ISO 8601 text, whatever number stands in a row.
 *
 * Pure.
 */

/** As far as a date reaches from 1970, in milliseconds. */
const MAX_TIME_MS = 8_640_000_000_000_000;

/** The time in UTC with milliseconds; one that no date reaches as the farthest that one does. */
export function isoText(timeMs: number): string {
  const withinMs = Math.min(MAX_TIME_MS, Math.max(-MAX_TIME_MS, timeMs));
  return new Date(Number.isNaN(withinMs) ? 0 : withinMs).toISOString();
}

/** A time as the API writes it: ISO 8601 UTC with milliseconds. */
export function isoTime(timeMs: number): string;
export function isoTime(timeMs: number | null | undefined): string | null;
export function isoTime(timeMs: number | null | undefined): string | null {
  return timeMs === null || timeMs === undefined ? null : isoText(timeMs);
}
