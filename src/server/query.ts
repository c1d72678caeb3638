/**
 * Reads what stands in the query of a URL. Throws `query-invalid` naming the parameter.
 */
import { FEED_CURSOR } from './live/feed-cursor.ts';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { SAGA_STATUSES, type SagaStatus } from '../core/status.ts';
import type { Page, SagaFilter } from '../store/read-models.ts';
import { HttpProblem } from './error-response.ts';

/** Length of a page when nothing is asked for, and the longest one. */
export const DEFAULT_PAGE_LIMIT = 50;
const MAX_PAGE_LIMIT = 200;
/** Longest wait for a saga to settle. */
const MAX_WAIT_MS = 60_000;
const MAX_TEXT_LENGTH = 200;
/** Longest reason for the audit. */
export const MAX_REASON_LENGTH = 500;
const MAX_ATTEMPTS = 1_000_000;

/** The refusal of one parameter. */
export function badQuery(name: string, problem: string): HttpProblem {
  return new HttpProblem('query-invalid', `${name}: ${problem}`);
}

/** Digits, read as a number between two bounds. */
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.int().min(least).max(most));
const text = z.string().max(MAX_TEXT_LENGTH);
const duration = (example: string) =>
  z
    .string()
    .refine((given) => parseDuration(given) !== null, `must be a duration such as ${example}`)
    .meta({ description: `A duration such as ${example}.` });

/** Of every list. */
export const PageQuery = z.object({
  limit: wholeNumber(1, MAX_PAGE_LIMIT)
    .optional()
    .meta({ description: `Length of the page; ${DEFAULT_PAGE_LIMIT} when not given.` }),
  cursor: text.optional().meta({ description: 'The `nextCursor` of the page before.' }),
});

/** Of a list that shows its newest only. */
export const LimitQuery = PageQuery.pick({ limit: true });

/** Of every start. */
export const WaitQuery = z.object({
  wait: duration('10s or 500ms')
    .optional()
    .meta({ description: 'Answer when it is settled, or after this long (at most 60s).' }),
});

const knownStatus = z.enum(SAGA_STATUSES, `must be one of ${SAGA_STATUSES.join(', ')}`);

/** Of the list of sagas; all given conditions must hold. */
export const SagaQuery = PageQuery.extend({
  type: text.optional(),
  status: z.array(knownStatus).optional().meta({ description: 'Any of these.' }),
  step: text.optional(),
  attempts: wholeNumber(0, MAX_ATTEMPTS)
    .optional()
    .meta({ description: 'At least so many; may also be written `attempts>=3`.' }),
  olderThan: duration('90s, 10m or 2h')
    .optional()
    .meta({ description: 'Not updated for this long, such as 10m.' }),
  q: text.optional().meta({ description: 'Prefix of the id, the key or the error.' }),
});

/** Of an event that is sent: who and why, where the event itself has no room for it. */
export const AuthorQuery = z.object({
  by: text.min(1).optional().meta({ description: 'Who sends it, for the audit.' }),
  reason: z.string().min(1).max(MAX_REASON_LENGTH).optional(),
});

/** Of everything about one definition. */
export const DefinitionQuery = z.object({
  version: wholeNumber(1, 1_000_000).optional().meta({ description: 'Default: the newest.' }),
});

/** Of the feed. */
export const FeedQueryParameters = z.object({
  saga: text.optional().meta({ description: 'Only this saga.' }),
  type: text.optional(),
  status: knownStatus.optional(),
  since: z.string().regex(FEED_CURSOR, 'is not a cursor of this feed').optional().meta({
    description: 'Everything after this cursor, then live; 0: from the beginning.',
  }),
});

/** The parameters of a schema, checked; those it does not name are ignored, empty ones missing. */
export function readQuery<Shape extends z.ZodRawShape>(
  query: URLSearchParams,
  schema: z.ZodObject<Shape>,
): z.output<z.ZodObject<Shape>> {
  const given: Record<string, string | string[]> = {};
  for (const [name, parameter] of Object.entries(schema.shape)) {
    const isSaid = (value: string): boolean => value !== '' || !NOTHING_WHEN_EMPTY.has(name);
    const values = query.getAll(name).filter(isSaid);
    const [first] = values;
    if (first === undefined) continue;
    given[name] = isList(parameter) ? values : first;
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw badQuery(String(issue?.path[0] ?? 'query'), issue?.message ?? 'is not accepted');
}

/** `limit` and `cursor`. */
export function pageOf(query: URLSearchParams): Page {
  const { limit = DEFAULT_PAGE_LIMIT, cursor = null } = readQuery(query, PageQuery);
  return { limit, cursor };
}

/** `wait`, in milliseconds, capped; `null` when not asked for. Text such as `10s` or `500ms`. */
export function waitMsOf(query: URLSearchParams): number | null {
  const { wait } = readQuery(query, WaitQuery);
  return wait === undefined ? null : Math.min(parseDuration(wait) ?? 0, MAX_WAIT_MS);
}

/** The filters of a list of sagas. `attempts>=3` is read as it stands there. */
export function sagaFilterOf(query: URLSearchParams, nowMs: number): SagaFilter {
  const attemptsText = query.get('attempts>') ?? query.get('attempts')?.replace(/^>=/, '');
  const plain = new URLSearchParams(query);
  if (attemptsText !== undefined) plain.set('attempts', attemptsText);
  const { type, step, q, status, attempts, olderThan } = readQuery(plain, SagaQuery);
  return {
    ...(type === undefined ? {} : { type }),
    ...(step === undefined ? {} : { step }),
    ...(q === undefined ? {} : { text: q }),
    ...(status === undefined ? {} : { status }),
    ...(attempts === undefined ? {} : { minAttempts: attempts }),
    ...(olderThan === undefined
      ? {}
      : { updatedBeforeMs: nowMs - (parseDuration(olderThan) ?? 0) }),
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
  const given = query.get(name);
  if (given === null || given === '') return null;
  if (given.length > MAX_TEXT_LENGTH) throw badQuery(name, `at most ${MAX_TEXT_LENGTH} characters`);
  return given;
}

/** Parameters of forms that a browser sends even when nothing was filled in. */
const NOTHING_WHEN_EMPTY: ReadonlySet<string> = new Set([
  'cursor',
  'type',
  'step',
  'q',
  'saga',
  'status',
]);

/** A number counted from 1; `null` when missing or empty. */
export function countingNumberOf(query: URLSearchParams, name: string): number | null {
  const given = textOf(query, name);
  if (given === null) return null;
  if (!/^[1-9]\d{0,8}$/.test(given)) throw badQuery(name, 'must be a whole number from 1');
  return Number(given);
}

function isList(parameter: unknown): boolean {
  return parameter instanceof z.ZodOptional && parameter.unwrap() instanceof z.ZodArray;
}
