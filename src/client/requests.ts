/**
 * Requests to one server: made, tried again where that is safe, and their refusals read.
 *
 * Invariant: a request that may have been taken is sent again only if taking it twice is taking it
 * once. What was refused before it was taken (429, most of 503), or never left, may always be.
 */
import type { Duration } from '../core/duration.ts';
import { ClientError } from './client-error.ts';
import { durationMs, jsonBody } from './given-values.ts';

/** How often and how fast a request is tried again. */
export interface RetryOptions {
  /** Most tries of one request, the first included. Default 6. */
  readonly attempts?: number;
  /** Pause before the second try; it doubles, and varies by half. Default 200ms. */
  readonly firstDelay?: Duration;
  /** Longest pause, what a server asks for in Retry-After included. Default 10s. */
  readonly maxDelay?: Duration;
}

export interface RequestsOptions {
  /** Of the server, its prefix included. */
  readonly url: string;
  readonly token: string | null;
  readonly fetch: typeof globalThis.fetch;
  readonly retry: RetryOptions;
  /** How long one try may take. */
  readonly timeoutMs: number;
}

export interface Order {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: URLSearchParams;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
  /** Taking it twice is taking it once. Default: for GET. */
  readonly isRepeatable?: boolean;
  /** False: whatever is answered is told at once. Default true. */
  readonly mayWait?: boolean;
  /** Hears of every try. */
  readonly onTry?: () => void;
  readonly signal?: AbortSignal | undefined;
}

/** A try that came to nothing, and whether another one may follow. */
interface Failed {
  readonly error: ClientError;
  readonly isPassing: boolean;
}

const DEFAULT_ATTEMPTS = 6;
const DEFAULT_FIRST_DELAY = '200ms';
const DEFAULT_MAX_DELAY = '10s';
/** Of undici, the `fetch` of Node: the request did not leave. A browser does not say. */
const NEVER_SENT: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);
/** Answers of what stands before a server that is not there. */
const FROM_BETWEEN: ReadonlySet<number> = new Set([502, 504]);

export class Requests {
  readonly #options: RequestsOptions;
  readonly #attempts: number;
  readonly #firstDelayMs: number;
  readonly #maxDelayMs: number;

  constructor(options: RequestsOptions) {
    const { attempts, firstDelay, maxDelay } = options.retry;
    this.#options = options;
    this.#attempts = attempts ?? DEFAULT_ATTEMPTS;
    this.#firstDelayMs = durationMs(firstDelay ?? DEFAULT_FIRST_DELAY, 'retry.firstDelay');
    this.#maxDelayMs = durationMs(maxDelay ?? DEFAULT_MAX_DELAY, 'retry.maxDelay');
  }

  /** The answer's JSON. Throws `ClientError`, or the signal's reason. */
  async json<Answer>(order: Order): Promise<Answer> {
    const text = order.body === undefined ? undefined : jsonBody(order.body);
    const { body } = await this.#patiently(order, async (signal) => {
      const response = await this.#fetch(order, text, signal);
      // Read here: an answer that is cut off is an answer that did not come.
      return { response, body: await response.text() };
    });
    try {
      return JSON.parse(body) as Answer; // as the OpenAPI document says
    } catch (cause) {
      throw unreadable(this.#options.url, { what: 'what is no JSON', cause });
    }
  }

  /** An answer that goes on and on. Throws as `json`. */
  async stream(order: Order): Promise<Response> {
    const { response } = await this.#patiently(order, async (signal, answered) => {
      const opened = await this.#fetch(order, undefined, signal);
      if (opened.ok) answered();
      return { response: opened, body: opened.ok ? '' : await opened.text() };
    });
    if (isEvents(response)) return response;
    await response.body?.cancel().catch(() => {}); // it ended by itself
    throw unreadable(this.#options.url, { what: 'what is no feed' });
  }

  /** How long to wait before the try of that number, from 2, in milliseconds. */
  pauseMs(attempt: number): number {
    const delayMs = this.#firstDelayMs * 2 ** Math.min(attempt - 2, 30);
    return Math.min(this.#maxDelayMs, delayMs) * (0.75 + Math.random() / 2);
  }

  /** `ask` calls `answered` when its time is no longer counted. */
  async #patiently(
    order: Order,
    ask: (signal: AbortSignal, answered: () => void) => Promise<Answered>,
  ): Promise<Answered> {
    for (let attempt = 1; ; attempt++) {
      order.signal?.throwIfAborted();
      order.onTry?.();
      const tried = await this.#try(order, ask);
      if ('response' in tried) return tried;
      const { error, isPassing } = tried;
      if (!isPassing || order.mayWait === false || attempt >= this.#attempts) throw error;
      const wantedMs = error.retryAfterMs ?? 0;
      if (wantedMs > this.#maxDelayMs) throw error;
      await pause(Math.max(wantedMs, this.pauseMs(attempt + 1)), order.signal);
    }
  }

  async #try(
    order: Order,
    ask: (signal: AbortSignal, answered: () => void) => Promise<Answered>,
  ): Promise<Answered | Failed> {
    const slow = new AbortController();
    const timer = setTimeout(() => slow.abort(TOO_SLOW), this.#options.timeoutMs);
    const signals = order.signal === undefined ? [slow.signal] : [order.signal, slow.signal];
    try {
      const answered = await ask(AbortSignal.any(signals), () => clearTimeout(timer));
      return answered.response.ok ? answered : this.#refused(order, answered);
    } catch (thrown) {
      order.signal?.throwIfAborted();
      return this.#lost(order, thrown);
    } finally {
      clearTimeout(timer);
    }
  }

  #fetch(order: Order, text: string | undefined, signal: AbortSignal): Promise<Response> {
    const { method, path, query, headers } = order;
    const { url, token } = this.#options;
    const asked = query === undefined || query.size === 0 ? '' : `?${query.toString()}`;
    return this.#options.fetch(`${url}${path}${asked}`, {
      method,
      signal,
      headers: {
        accept: 'application/json, text/event-stream',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(text === undefined ? {} : { body: text }),
    });
  }

  #refused(order: Order, { response, body }: Answered): Failed {
    const { url } = this.#options;
    const { status } = response;
    const problem = readProblem(body);
    const retryAfterMs = retryAfterOf(response);
    const details = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    if (problem === null) {
      const isBetween = FROM_BETWEEN.has(status);
      const what = isBetween
        ? `${status}: what stands before the server does not reach it`
        : `${status} without a reason; is it the address of a Backstep server?`;
      const error = new ClientError('answer-unreadable', `${url} answered ${what}`, details);
      return { error, isPassing: isBetween && isRepeatable(order) };
    }
    const { code, detail, legal, kept, issues } = problem;
    // The one refusal that the address may be the cause of.
    const where = `${url} has no ${order.path}; does its URL lack the prefix of the server?`;
    const error = new ClientError(code, code === 'route-unknown' ? where : detail, {
      ...details,
      ...(legal === undefined ? {} : { legal }),
      ...(kept === undefined ? {} : { kept }),
      ...(issues === undefined ? {} : { issues }),
    });
    // Of a commit that failed nobody knows whether it stands.
    const isUnknown = code === 'storage-failed';
    const isPassing = (status === 429 || status === 503) && (!isUnknown || isRepeatable(order));
    return { error, isPassing };
  }

  #lost(order: Order, cause: unknown): Failed {
    const { url } = this.#options;
    const why = cause === TOO_SLOW ? 'it took too long' : reasonOf(cause);
    if (isRepeatable(order) || NEVER_SENT.has(codeOf(cause))) {
      const error = new ClientError('unreachable', `${url} gave no answer: ${why}`, { cause });
      return { error, isPassing: true };
    }
    const message =
      `${url} gave no answer: ${why}. It may have been taken, so it was not sent again: ` +
      'look at the saga first';
    const error = new ClientError('outcome-unknown', message, { cause });
    return { error, isPassing: false };
  }
}

interface Answered {
  readonly response: Response;
  readonly body: string;
}

interface Problem {
  readonly code: string;
  readonly detail: string;
  readonly legal?: readonly string[];
  readonly kept?: readonly string[];
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

const TOO_SLOW = new Error('no answer in time');

/** Resolves after so many milliseconds. Throws the signal's reason once that is aborted. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => reject(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  return promise.finally(() => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  });
}

function isRepeatable({ method, isRepeatable: given }: Order): boolean {
  return given ?? method === 'GET';
}

function readProblem(body: string): Problem | null {
  try {
    const value: unknown = JSON.parse(body);
    return isProblem(value) ? value : null;
  } catch {
    return null; // a page of something in between
  }
}

function isProblem(value: unknown): value is Problem {
  if (value === null || typeof value !== 'object') return false;
  return 'code' in value && typeof value.code === 'string' && 'detail' in value;
}

function retryAfterOf({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1_000 : undefined;
}

function unreadable(
  url: string,
  { what, cause }: { readonly what: string; readonly cause?: unknown },
): ClientError {
  const message = `${url} answered ${what}; is it the address of a Backstep server?`;
  return new ClientError('answer-unreadable', message, cause === undefined ? {} : { cause });
}

function isEvents({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') === true;
}

function codeOf(thrown: unknown): unknown {
  const cause: unknown = thrown instanceof Error ? (thrown.cause ?? thrown) : null;
  return cause instanceof Object ? Reflect.get(cause, 'code') : undefined;
}

function reasonOf(thrown: unknown): string {
  const code = codeOf(thrown);
  if (typeof code === 'string' && !code.startsWith('UND_ERR')) return code;
  // Node's own says "fetch failed", and the reason stands behind it.
  const cause: unknown = thrown instanceof Error ? (thrown.cause ?? thrown) : thrown;
  return cause instanceof Error ? cause.message : String(cause);
}
