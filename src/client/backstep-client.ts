/**
 * The client of a Backstep server, for Node and browsers: what `Backstep` is in the process of the
 * engine, this is elsewhere, typed by the same definitions.
 *
 * Holds no connection but while something is asked or followed.
 */
import type { SagaDefinition } from '../core/define/definition.ts';
import type { Duration } from '../core/duration.ts';
import type { SpawnOptions } from '../host/backstep.ts';
import type { StartStatus } from '../host/saga-handle.ts';
import type {
  CallsAnswer,
  CapabilitiesAnswer,
  DeadLetter,
  Definition,
  DefinitionSummary,
  FeedMessage,
  FeedRestored,
  Health,
  Inbox,
  Live,
  NudgeAnswer,
  ResyncAnswer,
  RetentionAnswer,
  SagaSummary,
  Stats,
  VersionAnswer,
} from './answers.ts';
import { alertReads, type RemoteAlerts } from './alert-reads.ts';
import { type BulkCommands, bulkCommands } from './bulk-commands.ts';
import { ClientError } from './client-error.ts';
import { follow, type FollowOptions } from './feed.ts';
import { durationMs, isoTimeText } from './given-values.ts';
import { filterQuery, type List, listAt, type ListedSagas } from './lists.ts';
import { randomId } from './random-id.ts';
import { type RemoteSaga, remoteSaga, type StartedSaga, startedSaga } from './remote-saga.ts';
import { Requests, type RetryOptions } from './requests.ts';

/** Where the server is, and how it is asked. */
export interface ClientOptions {
  /** Of the server, with the prefix that it is mounted at, such as `https://shop.example/ops`. */
  readonly url: string;
  /** The server's token. Never put it into the URL. */
  readonly token?: string;
  /** What makes requests. Default: the one of the platform. */
  readonly fetch?: typeof globalThis.fetch;
  readonly retry?: RetryOptions;
  /** How long one try of a request may take. Default 30s. */
  readonly timeout?: Duration;
}

/** How a saga is started: as with `Backstep.spawn`. */
export interface StartOptions<Input = unknown> extends SpawnOptions<Input> {
  readonly signal?: AbortSignal;
}

/** What may be tried first. */
export interface TrialOptions {
  /** Say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean;
}

/** A server. Everything throws `ClientError`. */
export interface BackstepClient {
  /**
   * Starts a saga, of the newest version registered there; resolves once the start is durable. Sent
   * again where no answer came: without a key it gets one of its own, which is the saga's from then
   * on. Throws `not-found` (type), `input-invalid`, `conflict` (same key, other input), `overloaded`.
   */
  spawn<Output, Event, Given>(
    saga: SagaDefinition<object, unknown, Output, Event, Given>,
    options: StartOptions<Given>,
  ): Promise<StartedSaga<Output, Event>>;
  /** The same by the saga's name, so its types are not known. */
  spawn(type: string, options: StartOptions): Promise<StartedSaga>;
  /** The saga of that id, typed as the definition says. Asks for nothing. */
  saga<Output, Event>(
    saga: SagaDefinition<object, unknown, Output, Event>,
    id: string,
  ): RemoteSaga<Output, Event>;
  /** The saga of that id, of whatever type. */
  saga(id: string): RemoteSaga;
  /** Sagas, newest first. */
  sagas(filter?: ListedSagas): List<SagaSummary>;
  /** What needs a person, newest first. */
  deadLetters(): List<DeadLetter>;
  /** One command for many sagas. */
  readonly bulk: BulkCommands;
  /** What rules of alerts found there, and whether that arrived. */
  readonly alerts: RemoteAlerts;
  /** Every version of every saga that can run there. */
  definitions(): Promise<readonly DefinitionSummary[]>;
  /** One of them, by default the newest. Throws `not-found`. */
  definition(type: string, options?: { readonly version?: number }): Promise<Definition>;
  /** Every version of which there are sagas, or that can run there. */
  versions(): Promise<readonly VersionAnswer[]>;
  stats(): Promise<Stats>;
  /** What runs the sagas there, and what it can and cannot promise. */
  capabilities(): Promise<CapabilitiesAnswer>;
  /** Calls between machines that do not get on, and what to do of them. */
  calls(): Promise<CallsAnswer>;
  /**
   * Dispatches again what is live in a saga of which somebody killed a call; see `HostCalls.nudge`.
   * Throws `not-found`, and `not-legal` where one process runs all sagas.
   */
  nudge(id: string, options?: TrialOptions): Promise<NudgeAnswer>;
  /** Begins to write what the database there lacks; see `HostCalls.resync`. Throws `not-legal`. */
  resync(options?: TrialOptions): Promise<ResyncAnswer>;
  /** How far that is. Throws `not-legal`. */
  resynced(): Promise<ResyncAnswer>;
  /** Whether work is taken on; asked once, and told as it is. */
  health(): Promise<Health>;
  /** That the process answers. */
  live(): Promise<Live>;
  /** What waits in the inbox, and the newest refused rows, at most `limit`. */
  inbox(options?: { readonly limit?: number }): Promise<Inbox>;
  /** Where the removal of ended sagas stands. */
  retention(): Promise<RetentionAnswer>;
  /** Says that the clock there is right: removal goes on. */
  resumeRetention(): Promise<RetentionAnswer>;
  /**
   * Every committed transition that matches, once and in order, over lost connections and restarts
   * of the server, until the signal is aborted. `FeedRestored` says that the database was replaced
   * by an older one. Throws where the feed is refused, and where the server cannot be reached at
   * the beginning.
   */
  follow(options?: FollowOptions): AsyncIterableIterator<FeedMessage | FeedRestored>;
}

const DEFAULT_TIMEOUT = '30s';

/** Makes a client; asks for nothing. Throws `input-invalid` for a URL or token that cannot be one. */
export function createClient(options: ClientOptions): BackstepClient {
  const { token = null, fetch = globalThis.fetch, retry = {}, timeout = DEFAULT_TIMEOUT } = options;
  if (token !== null && !/^[\x21-\x7e]+$/.test(token)) {
    throw new ClientError('input-invalid', 'the token has a character that no header can carry');
  }
  const requests = new Requests({
    url: baseOf(options.url),
    token,
    // Browsers refuse a `fetch` that is called as the method of another object.
    fetch: (...request) => fetch(...request),
    retry,
    timeoutMs: durationMs(timeout, 'timeout'),
  });
  const get = <Answer>(path: string, query?: object): Promise<Answer> =>
    requests.json({ method: 'GET', path, query: filterQuery(query ?? {}) });
  // Where a handle gets the types of its saga: the overloads say which.
  const saga = (given: SagaDefinition | string, id?: string) =>
    typeof given === 'string'
      ? remoteSaga(requests, given, null)
      : remoteSaga(requests, id ?? '', given.id);
  return {
    spawn: (given: SagaDefinition | string, start: StartOptions) =>
      spawn(requests, typeof given === 'string' ? given : given.id, start),
    saga,
    sagas: (filter = {}) => listAt(requests, '/api/sagas', filter),
    deadLetters: () => listAt(requests, '/api/dead-letters', {}),
    bulk: bulkCommands(requests),
    alerts: alertReads(requests),
    definitions: async () => (await get<{ items: DefinitionSummary[] }>('/api/definitions')).items,
    definition: (type, { version } = {}) =>
      get(`/api/definitions/${encodeURIComponent(type)}`, { version }),
    versions: async () => (await get<{ items: VersionAnswer[] }>('/api/versions')).items,
    stats: () => get('/api/stats'),
    capabilities: () => get('/api/capabilities'),
    calls: () => get('/api/calls'),
    nudge: (id, { dryRun = false } = {}) =>
      requests.json({
        method: 'POST',
        path: `/api/sagas/${encodeURIComponent(id)}/nudge`,
        body: { dryRun },
        isRepeatable: true,
      }),
    resync: ({ dryRun = false } = {}) =>
      requests.json({ method: 'POST', path: '/api/resync', body: { dryRun }, isRepeatable: true }),
    resynced: () => get('/api/resync'),
    health: () => health(requests),
    live: () => get('/api/live'),
    inbox: ({ limit } = {}) => get('/api/inbox', { limit }),
    retention: () => get('/api/retention'),
    resumeRetention: () =>
      requests.json({ method: 'POST', path: '/api/retention/resume', isRepeatable: true }),
    follow: (wanted = {}) => follow(requests, wanted),
  };
}

async function spawn(
  requests: Requests,
  type: string,
  options: StartOptions,
): Promise<StartedSaga> {
  const { input, key = randomId(), startAt, delay, signal } = options;
  const start = await requests.json<{
    readonly id: string;
    readonly status: StartStatus;
    readonly isNew: boolean;
    readonly isRemoved?: true;
  }>({
    method: 'POST',
    path: `/api/sagas/${encodeURIComponent(type)}`,
    body: {
      input,
      key,
      ...(startAt === undefined ? {} : { startAt: isoTimeText(startAt, 'startAt') }),
      ...(delay === undefined ? {} : { delay: typeof delay === 'number' ? `${delay}ms` : delay }),
    },
    isRepeatable: true,
    signal,
  });
  return startedSaga(requests, { ...start, isRemoved: start.isRemoved ?? false });
}

// Not ready is an answer here, and no reason to ask again.
async function health(requests: Requests): Promise<Health> {
  try {
    return await requests.json({ method: 'GET', path: '/api/health', mayWait: false });
  } catch (error) {
    if (!(error instanceof ClientError) || error.status !== 503) throw error;
    return { status: 'unavailable', reason: error.message };
  }
}

function baseOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    throw new ClientError(
      'input-invalid',
      `"${url}" is not the URL of a server, such as ${EXAMPLE}`,
    );
  }
  // Where it stands in logs and errors, a secret must not.
  if (parsed.username !== '' || parsed.password !== '') {
    throw new ClientError(
      'input-invalid',
      'a URL with a name or password is not taken; give a token',
    );
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}

const EXAMPLE = 'http://127.0.0.1:3000';
