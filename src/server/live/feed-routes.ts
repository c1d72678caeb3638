/**
 * `WS /ws/transitions` and `GET /api/transitions`: every committed transition, live.
 *
 * Must never hold a client's backlog: see `live-feed.ts`.
 */
import { upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import type { WebSocket } from 'ws';
import { queryOf, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { HttpProblem } from '../error-response.ts';
import { eventStream, socketSink, type EventStream } from './feed-sinks.ts';
import { FEED_CURSOR, feedCursor, placeOf } from './feed-cursor.ts';
import { openFeed, type FeedEvents, type FeedQuery } from './live-feed.ts';
import { badQuery, FeedQueryParameters, readQuery } from '../query.ts';
import { serveSocket } from './socket-client.ts';
import { asksForUpgrade } from '../upgrade.ts';

/** The feed as server-sent events and over a WebSocket, with whole paths. */
export function feedRoutes(context: HttpContext): Hono<HttpEnv> {
  const { backstep, clients } = context;
  return new Hono<HttpEnv>()
    .get(
      '/ws/transitions',
      asksForUpgrade,
      upgradeWebSocket(async (c) => {
        const query = await feedQueryOf(context, queryOf(c), null);
        clients.requireRoom();
        return serveSocket(c, context, (socket) =>
          openFeed(backstep, query, socketSink(socket), socketEvents(context, socket)),
        );
      }),
      () => {
        throw new HttpProblem('upgrade-required', 'This is a WebSocket; see /api/transitions.', {
          upgrade: 'websocket',
        });
      },
    )
    .get('/api/transitions', async (c) => {
      const lastEventId = c.req.header('last-event-id') ?? null;
      const query = await feedQueryOf(context, queryOf(c), lastEventId);
      clients.requireRoom();
      const headers = {
        'content-type': 'text/event-stream; charset=utf-8',
        ...(query.now === null ? {} : { [PLACE_HEADER]: query.now }),
      };
      // Of a feed that nobody reads nobody would ever hear that it is over.
      if (c.req.method === 'HEAD') return c.body(null, 200, headers);
      const body = openEventFeed(context, query, {
        session: c.var.session,
        stopping: [context.stopping, c.env?.stopping].filter((each) => each !== undefined),
        cut: () => c.env?.incoming?.socket.destroy?.() !== undefined,
      });
      return c.body(body, 200, headers);
    });
}

/**
 * Names the cursor at which a feed begins that was asked for without one: whoever is cut off before
 * the first message goes on from there.
 */
const PLACE_HEADER = 'feed-cursor';

interface PlacedQuery extends FeedQuery {
  /** Where the feed ends now, for a client that had no cursor. */
  readonly now: string | null;
}

/** Reads the query and checks that the cursor is one of this journal. Throws `query-invalid`. */
async function feedQueryOf(
  { backstep }: HttpContext,
  query: URLSearchParams,
  lastEventId: string | null,
): Promise<PlacedQuery> {
  const { saga: sagaId, type, status, since: given } = readQuery(query, FeedQueryParameters);
  const filter = {
    ...(sagaId === undefined ? {} : { sagaId }),
    ...(type === undefined ? {} : { type }),
    ...(status === undefined ? {} : { status }),
  };
  const cursor = given ?? lastEventId;
  // Asked before they are read: whoever owned the database by then had begun the last one.
  const areEpochsFinal = backstep.health().kind === 'ready';
  const lastSeq = await backstep.read.lastSeq();
  const epochs = await backstep.read.feedEpochs();
  if (cursor === null) {
    return { filter, since: null, now: feedCursor(epochs, lastSeq), epochs, areEpochsFinal };
  }
  if (!FEED_CURSOR.test(cursor)) throw badQuery('since', 'is not a cursor of this feed');
  // A position beyond the end would silently swallow everything up to it.
  const since = placeOf(cursor, epochs, lastSeq);
  if (since === null) throw badQuery('since', 'is beyond the end of this feed');
  return { filter, since, now: null, epochs, areEpochsFinal };
}

function socketEvents(context: HttpContext, socket: WebSocket): FeedEvents {
  return {
    resync: () => context.clients.noteResync(),
    failed(error) {
      context.logger.error({ err: error }, 'a live feed could not read the journal');
      socket.close(1011, 'the journal cannot be read');
    },
  };
}

/** Whoever reads a feed of events. */
interface EventReader {
  readonly session: string;
  /** What ends the feed in good order. */
  readonly stopping: readonly AbortSignal[];
  /** Cuts the connection; false: there is none to be had. */
  cut(): boolean;
}

function openEventFeed(
  { backstep, clients, logger }: HttpContext,
  query: FeedQuery,
  { session, stopping, cut }: EventReader,
): ReadableStream<Uint8Array> {
  const close = (): void => events.close();
  const events: EventStream = eventStream(() => {
    stopFeed();
    leave?.();
    for (const signal of stopping) signal.removeEventListener('abort', close);
  });
  const stopFeed = openFeed(backstep, query, events.sink, {
    resync: () => clients.noteResync(),
    failed(error) {
      logger.error({ err: error }, 'a live feed could not read the journal');
      close();
    },
  });
  let wasBehind = false;
  const leave = clients.add({
    isAlive() {
      if (wasBehind && events.isBehind()) return false;
      wasBehind = events.isBehind();
      events.comment();
      return true;
    },
    // A body that breaks off is told of as an error, on the error output of the process.
    drop: () => (cut() ? events.close() : events.drop()),
    session,
  });
  for (const signal of stopping) signal.addEventListener('abort', close);
  if (leave === null) close();
  return events.body;
}
