/**
 * The one place that turns errors into HTTP: every answer of class 4xx and 5xx is made here.
 *
 * Must never show a stack, a cause or the message of an error that was not made for callers.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { BackstepError, type ErrorCode, type Issue } from '../core/errors.ts';
import { shownFrame } from '../core/history/shown-state.ts';

/** Codes that exist only at the HTTP edge. */
export type HttpCode =
  | 'route-unknown'
  | 'method-not-allowed'
  | 'query-invalid'
  | 'body-malformed'
  | 'body-too-large'
  | 'media-type-unsupported'
  | 'origin-refused'
  | 'host-unknown'
  | 'token-required'
  | 'read-only'
  | 'too-many-requests'
  | 'clients-full'
  | 'connections-full'
  | 'event-failed'
  | 'upgrade-required';

/** A request that is refused before the engine hears of it. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: HttpCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }
}

/** The refusal of a client that must wait. */
export function tooMany(detail: string, waitMs: number): HttpProblem {
  return new HttpProblem('too-many-requests', detail, retryHeader(429, waitMs));
}

/** The body of a problem answer (RFC 9457), without the media type and headers. */
export interface ProblemBody {
  readonly code: string;
  readonly title: string;
  readonly status: ContentfulStatusCode;
  readonly detail: string;
  readonly legal?: readonly string[];
  readonly kept?: readonly string[];
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

export interface Problem {
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;
  /** True when the cause is ours and must be logged. */
  readonly isOurFault: boolean;
}

interface Kind {
  readonly status: ContentfulStatusCode;
  readonly title: string;
}

const HTTP_KINDS: Readonly<Record<HttpCode, Kind>> = {
  'route-unknown': { status: 404, title: 'No such route' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'query-invalid': { status: 400, title: 'Query not valid' },
  'body-malformed': { status: 400, title: 'Body not readable' },
  'body-too-large': { status: 413, title: 'Body too large' },
  'media-type-unsupported': { status: 415, title: 'Media type not supported' },
  'origin-refused': { status: 403, title: 'Origin refused' },
  'host-unknown': { status: 421, title: 'Host not served here' },
  'read-only': { status: 403, title: 'Read only' },
  'too-many-requests': { status: 429, title: 'Too many requests' },
  'token-required': { status: 401, title: 'Token required' },
  'event-failed': { status: 422, title: 'Event not taken' },
  'connections-full': { status: 503, title: 'Too many connections' },
  'clients-full': { status: 503, title: 'Too many live clients' },
  'upgrade-required': { status: 426, title: 'Upgrade required' },
};

const INTERNAL: Kind = { status: 500, title: 'Internal error' };

const ENGINE_KINDS: Readonly<Record<ErrorCode, Kind>> = {
  'input-invalid': { status: 422, title: 'Input not valid' },
  'not-json': { status: 400, title: 'Value is not JSON' },
  'too-large': { status: 413, title: 'State too large' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Conflict' },
  'not-legal': { status: 409, title: 'Not legal now' },
  overloaded: { status: 429, title: 'Overloaded' },
  unavailable: { status: 503, title: 'Unavailable' },
  'storage-failed': { status: 503, title: 'Outcome unknown' },
  'storage-refused': INTERNAL,
  'state-unreadable': INTERNAL,
  'version-missing': { status: 409, title: 'Not registered so' },
  'definition-invalid': INTERNAL,
};

const INTERNAL_DETAIL = 'The server failed. Its log has the reason.';
const UNKNOWN_OUTCOME_DETAIL =
  'The storage failed and the outcome is unknown. Try again with the same key.';
const DEFAULT_RETRY_AFTER_MS = 1_000;

/** What to answer for anything that was thrown. Never throws. */
export function problemOf(error: unknown): Problem {
  const { body, ...problem } = problemWith(error);
  // What was asked for, and what a machine or a participant said, stands in its texts.
  return { ...problem, body: shownFrame(body) };
}

function problemWith(error: unknown): Problem {
  if (error instanceof HttpProblem) return httpProblem(error);
  if (error instanceof BackstepError) return engineProblem(error);
  return internalProblem('internal');
}

/** The answer as `application/problem+json`. */
export function problemResponse({ body, headers }: Problem): Response {
  return new Response(JSON.stringify(body), {
    status: body.status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  });
}

function httpProblem({ code, message, headers }: HttpProblem): Problem {
  const body = { code, ...HTTP_KINDS[code], detail: message };
  return {
    body,
    headers: { ...retryHeader(body.status, undefined), ...headers },
    isOurFault: false,
  };
}

function engineProblem(error: BackstepError): Problem {
  const kind = ENGINE_KINDS[error.code];
  if (kind === INTERNAL) return internalProblem(error.code);
  const status = error.issues.some((issue) => issue.isTypeError) ? 400 : kind.status;
  const isUnknown = error.code === 'storage-failed';
  const body: ProblemBody = {
    code: error.code,
    title: kind.title,
    status,
    detail: isUnknown ? UNKNOWN_OUTCOME_DETAIL : error.message,
    ...(error.code === 'not-legal' ? { legal: error.legal } : {}),
    ...(error.kept.length > 0 ? { kept: error.kept } : {}),
    ...(error.issues.length > 0 ? { issues: error.issues.map(shownIssue) } : {}),
  };
  return { body, headers: retryHeader(status, error.retryAfterMs), isOurFault: isUnknown };
}

function internalProblem(code: string): Problem {
  return { body: { code, ...INTERNAL, detail: INTERNAL_DETAIL }, headers: {}, isOurFault: true };
}

function shownIssue({ path, message }: Issue): { path: string; message: string } {
  return { path, message };
}

function retryHeader(status: number, retryAfterMs: number | undefined): Record<string, string> {
  if (status !== 429 && status !== 503) return {};
  const seconds = Math.max(1, Math.ceil((retryAfterMs ?? DEFAULT_RETRY_AFTER_MS) / 1_000));
  return { 'retry-after': String(seconds) };
}
