/**
 * The feed of committed transitions, followed over lost connections and restarts of the server.
 *
 * Invariant: from the first place on no transition that matches is left out or told twice. A place
 * is a cursor of the server: that of the last message, else where it said that the feed begins.
 */
import type { SagaStatus } from '../core/status.ts';
import type { FeedMessage, FeedRestored } from './answers.ts';
import { ClientError } from './client-error.ts';
import { eventsOf } from './event-stream.ts';
import { pause, type Requests } from './requests.ts';

/** Which transitions, and from where on. */
export interface FollowOptions {
  /** Only of the saga of this id. */
  readonly saga?: string;
  readonly type?: string;
  /** Only those that lead to it. */
  readonly status?: SagaStatus;
  /**
   * Everything after this cursor, then live; `'0'`: from the beginning. Default: from now on. Keep
   * the `cursor` of a message to go on after it in another process.
   */
  readonly since?: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** Hears that the connection was lost and is made again, and why: a `ClientError`. */
  readonly onReconnect?: (error: unknown) => void;
}

/** A server says that it lives every 20 s; after this without a word the connection is dead. */
const SILENCE_MS = 60_000;

/**
 * Each transition once, in order, for as long as the signal is not aborted. Throws `ClientError` for
 * a feed that is refused, and where the server cannot be reached at the beginning; later that is
 * tried again without end.
 */
export async function* follow(
  requests: Requests,
  options: FollowOptions,
): AsyncGenerator<FeedMessage | FeedRestored, void> {
  const { signal, onReconnect } = options;
  let cursor = options.since ?? null;
  let hasBegun = false;
  let failures = 0;
  while (!isAborted(signal)) {
    try {
      const response = await requests.stream({
        method: 'GET',
        path: '/api/transitions',
        query: queryOf(options, cursor),
        mayWait: !hasBegun,
        signal,
      });
      hasBegun = true;
      cursor ??= response.headers.get('feed-cursor');
      for await (const message of messagesOf(response, signal)) {
        failures = 0;
        cursor = message.cursor;
        if (isToldOn(message)) yield message;
      }
      onReconnect?.(new ClientError('unreachable', 'the server ended the feed'));
    } catch (error) {
      if (isAborted(signal)) return;
      if (!hasBegun || !isLost(error)) throw error;
      onReconnect?.(error instanceof ClientError ? error : cutOff(error));
    }
    failures += 1;
    await pause(requests.pauseMs(failures + 1), signal).catch(() => {}); // the loop sees the signal
  }
}

/** While the answer was read; what the platform says of that names nothing. */
function cutOff(cause: unknown): ClientError {
  return new ClientError('unreachable', 'the connection to the server was lost', { cause });
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

type Message = FeedMessage | { readonly kind: 'resync'; cursor: string; reason: string };

// A slow client was sent back to its cursor: what it missed comes next, and it need not know.
function isToldOn(message: Message): message is FeedMessage | FeedRestored {
  return message.kind !== 'resync' || message.reason === 'restored';
}

async function* messagesOf(
  { body }: Response,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void> {
  if (body === null) return;
  const silent = new AbortController();
  let timer = setTimeout(() => silent.abort(), SILENCE_MS);
  const lives = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), SILENCE_MS);
  };
  const ends = signal === undefined ? silent.signal : AbortSignal.any([signal, silent.signal]);
  const heard = body.pipeThrough(new TransformStream(), { signal: ends });
  try {
    for await (const data of eventsOf(heard, lives)) {
      yield JSON.parse(data) as Message; // as the OpenAPI document says
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The server, or the way to it, is away; anything else is a refusal. */
function isLost(error: unknown): boolean {
  if (!(error instanceof ClientError)) return true; // while the answer was read
  const { status } = error;
  return status === null || status === 429 || status >= 500;
}

function queryOf({ saga, type, status }: FollowOptions, since: string | null): URLSearchParams {
  const given = { saga, type, status, since: since ?? undefined };
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) query.set(name, value);
  }
  return query;
}
