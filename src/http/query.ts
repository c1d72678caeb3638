/**
 * Reads what stands in the query of a URL. Throws `query-invalid` naming the parameter.
 */
import { parseDuration } from '../core/duration.ts';
import { SAGA_STATUSES, type SagaStatus } from '../core/status.ts';
import type { Page, SagaFilter } from '../store/read-models.ts';
import { HttpProblem } from './error-response.ts';

/** Length of a page when nothing is asked for, and the longest one. */
const DEFAULT_PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 200;
/** Longest wait for a saga to settle. */
const MAX_WAIT_MS = 60_000;
const MAX_TEXT_LENGTH = 200;
const MAX_ATTEMPTS = 1_000_000;

/** The refusal of one parameter. */
export function badQuery(name: string, problem: string): HttpProblem {
  return new HttpProblem('query-invalid', `${name}: ${problem}`);
}

/** `limit` and `cursor`. */
export function pageOf(query: URLSearchParams): Page {
  const limit = query.get('limit');
  return {
    limit: limit === null ? DEFAULT_PAGE_LIMIT : wholeNumber('limit', limit, 1, MAX_PAGE_LIMIT),
    cursor: textOf(query, 'cursor'),
  };
}

/** `wait`, in milliseconds, capped; `null` when not asked for. Text such as `10s` or `500ms`. */
export function waitMsOf(query: URLSearchParams): number | null {
  const wait = query.get('wait');
  if (wait === null) return null;
  const waitMs = parseDuration(wait);
  if (waitMs === null) throw badQuery('wait', 'must be a duration such as 10s or 500ms');
  return Math.min(waitMs, MAX_WAIT_MS);
}

/** The filters of a list of sagas. `attempts>=3` is read as it stands there. */
export function sagaFilterOf(query: URLSearchParams, nowMs: number): SagaFilter {
  const type = textOf(query, 'type');
  const step = textOf(query, 'step');
  const text = textOf(query, 'q');
  const attempts = query.get('attempts>') ?? query.get('attempts')?.replace(/^>=/, '');
  const olderThan = query.get('olderThan');
  const status = query.getAll('status').map((given) => statusOf(given));
  return {
    ...(type === null ? {} : { type }),
    ...(step === null ? {} : { step }),
    ...(text === null ? {} : { text }),
    ...(status.length === 0 ? {} : { status }),
    ...(attempts === undefined
      ? {}
      : { minAttempts: wholeNumber('attempts', attempts, 0, MAX_ATTEMPTS) }),
    ...(olderThan === null ? {} : { updatedBeforeMs: nowMs - ageMsOf(olderThan) }),
  };
}

/** One saga status. */
export function statusOf(given: string): SagaStatus {
  const status = SAGA_STATUSES.find((known) => known === given);
  if (status === undefined) throw badQuery('status', `must be one of ${SAGA_STATUSES.join(', ')}`);
  return status;
}

/** A text parameter; `null` when missing or empty. */
export function textOf(query: URLSearchParams, name: string): string | null {
  const text = query.get(name);
  if (text === null || text === '') return null;
  if (text.length > MAX_TEXT_LENGTH) throw badQuery(name, `at most ${MAX_TEXT_LENGTH} characters`);
  return text;
}

/** A time as the API writes it: ISO 8601 UTC with milliseconds. */
export function isoTime(timeMs: number): string;
export function isoTime(timeMs: number | null | undefined): string | null;
export function isoTime(timeMs: number | null | undefined): string | null {
  return timeMs === null || timeMs === undefined ? null : new Date(timeMs).toISOString();
}

function ageMsOf(text: string): number {
  const ageMs = parseDuration(text);
  if (ageMs === null) throw badQuery('olderThan', 'must be a duration such as 90s, 10m or 2h');
  return ageMs;
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= least && number <= most) return number;
  throw badQuery(name, `must be a whole number from ${least} to ${most}`);
}
