/**
 * What the routes are given. Assembled once in `createApp`; routes hold nothing else.
 */
import type { Context } from 'hono';
import { redactText } from '../core/secrets/redact.ts';
import { isSettled } from '../core/status.ts';
import { readTraceparent } from '../core/traceparent.ts';
import type { SpawnOptions } from '../host/backstep.ts';
import type { Spawned, StartStatus } from '../host/saga-handle.ts';
import type { StatusCounts } from '../store/read-models.ts';
import type { Extension, ExtensionHost } from './extension.ts';
import type { HttpEnv } from './http-env.ts';
import type { LiveClients } from './live/live-clients.ts';

/** Recorded as the author of commands from a page where nobody logged in. */
export const PAGE_AUTHOR = 'page';

export interface HttpContext extends ExtensionHost {
  /** With the secrets hidden in what they read. */
  readonly extensions: readonly Extension[];
  /** Where the server is mounted, such as `/ops`; empty: at the root. Routes never see it. */
  readonly prefix: string;
  /** True: people log in, and so can log out. */
  readonly hasLogin: boolean;
  readonly clients: LiveClients;
  readonly lostLogLines: () => number;
  /** All sagas by status: one look for all that ask, see `counted-sagas.ts`. */
  readonly countSagas: () => Promise<StatusCounts>;
  /** Aborted when the app stops, so that endless answers end. */
  readonly stopping: AbortSignal;
}

/** Whom the audit names for a command: who logged in, else who the request says, else `channel`. */
export function authorOf(c: Context<HttpEnv>, channel: string, said?: string | null): string {
  return c.var.operator || said || channel;
}

/**
 * The query of the request, as it stands in the URL but for secrets: pages repeat it, and what is
 * hidden must not be found by guessing how it begins.
 */
export function queryOf(c: Context): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, value] of new URL(c.req.url).searchParams) {
    query.append(name, redactText(value));
  }
  return query;
}

/** The trace that a request belongs to, for a start; a header that is none is ignored. */
export function traceOfRequest(c: Context): Pick<SpawnOptions, 'traceparent'> {
  const traceparent = readTraceparent(c.req.header('traceparent') ?? '');
  return traceparent === null ? {} : { traceparent };
}

/** What a start is answered with. */
export interface StartAnswer {
  readonly status: StartStatus;
  /** 200: it settled within the wait that was asked for, or long ago. */
  readonly code: 200 | 202;
  /** Of a saga of which only the start key is kept. */
  readonly removed: { readonly isRemoved?: true };
}

/** The present status, or the one after the wait that was asked for. */
export async function startAnswer(
  started: Pick<Spawned, 'status' | 'isRemoved' | 'settled'>,
  waitMs: number | null,
): Promise<StartAnswer> {
  const { status: given, isRemoved } = started;
  if (waitMs === null) {
    return { status: given, code: 202, removed: isRemoved ? { isRemoved } : {} };
  }
  const outcome = await started.settled({ within: waitMs });
  if (outcome.status === 'removed') {
    return { status: outcome.endedAs ?? 'removed', code: 200, removed: { isRemoved: true } };
  }
  return { status: outcome.status, code: isSettled(outcome.status) ? 200 : 202, removed: {} };
}
