/**
 * `WS /inspect` and `WS /inspect/v4`: the journal in the words of the vendor's two inspectors.
 *
 * Frames from an inspector are ignored unless sending is switched on; then they become events of a
 * saga, like those of `POST /api/sagas/{id}/events`.
 */
import { upgradeWebSocket } from '@hono/node-server';
import { Hono, type Context, type MiddlewareHandler } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import { redactText } from '../../core/secrets/redact.ts';
import type { Backstep } from '../../host/backstep.ts';
import { isJsonObject } from '../body.ts';
import { authorOf, queryOf, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { HttpProblem } from '../error-response.ts';
import { socketSink } from '../live/feed-sinks.ts';
import { openInspection, type InspectDialect, type InspectQuery } from './inspect-feed.ts';
import { statelyDialect } from './inspect-stately.ts';
import { version4Dialect } from './inspect-v4.ts';
import { pageOf, textOf } from '../query.ts';
import { serveSocket } from '../live/socket-client.ts';
import { asksForUpgrade } from '../upgrade.ts';

export type InspectContext = Pick<HttpContext, 'backstep' | 'clients' | 'logger'> & {
  /** With the journal as it is stored, which is replayed. */
  readonly engine: Backstep;
  /** Whether events that an inspector sends reach the sagas. */
  readonly maySend: boolean;
};

/** Recorded as the author of events from an inspector where nobody logged in. */
const INSPECTOR_AUTHOR = 'inspector';

/** The WebSockets of inspectors, with their whole paths. */
export function inspectRoutes(context: InspectContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .get('/inspect', asksForUpgrade, inspectSocket(context, statelyDialect()), onlySocket)
    .get('/inspect/v4', asksForUpgrade, inspectSocket(context, version4Dialect()), onlySocket);
}

function onlySocket(): never {
  throw new HttpProblem('upgrade-required', 'This is a WebSocket for inspectors; see /debug.', {
    upgrade: 'websocket',
  });
}

function inspectSocket(context: InspectContext, dialect: InspectDialect): MiddlewareHandler {
  const { engine, clients, logger } = context;
  return upgradeWebSocket(async (c: Context<HttpEnv>) => {
    const query = await inspectQueryOf(context, c);
    clients.requireRoom();
    const by = authorOf(c, INSPECTOR_AUTHOR);
    return serveSocket(
      c,
      context,
      (socket) =>
        openInspection(engine, query, dialect, socketSink(socket), (error) => {
          logger.error({ err: error }, 'an inspector could not read the journal');
          socket.close(1011, 'the journal cannot be read');
        }),
      (text, socket) => {
        const wanted = sentEvent(text);
        if (wanted === null) return;
        void deliver(context, wanted, by).then((reason) => {
          if (reason === null || socket.readyState !== socket.OPEN) return;
          const { sessionId } = wanted;
          socket.send(JSON.stringify({ type: 'backstep.refused', sessionId, reason }));
        });
      },
    );
  });
}

async function inspectQueryOf({ backstep }: InspectContext, c: Context): Promise<InspectQuery> {
  const query = queryOf(c);
  const sagaId = textOf(query, 'saga');
  if (sagaId !== null && (await backstep.read.saga(sagaId)) === null) {
    throw new BackstepError('not-found', `no saga with id "${sagaId}"`);
  }
  return { sagaId, type: textOf(query, 'type'), limit: pageOf(query).limit };
}

/** An event that an inspector wants to send. */
interface SentEvent {
  readonly sessionId: string;
  readonly event: { readonly type: string };
}

/** Version 5 sends `@xstate.event`; version 4 `xstate.event` with the event as JSON. */
function sentEvent(text: string): SentEvent | null {
  const frame = parsed(text);
  if (!isJsonObject(frame)) return null;
  const isOld = frame['type'] === 'xstate.event';
  if (!isOld && frame['type'] !== '@xstate.event') return null;
  const sessionId = frame[isOld ? 'service' : 'sessionId'];
  const given = frame['event'];
  const event = isOld && typeof given === 'string' ? parsed(given) : given;
  const data = isJsonObject(event) && isJsonObject(event['data']) ? event['data'] : event;
  if (typeof sessionId !== 'string' || !isJsonObject(data)) return null;
  const { type } = data;
  return typeof type === 'string' ? { sessionId, event: { ...data, type } } : null;
}

/** Why it was refused; `null`: it was taken. */
async function deliver(
  { backstep, logger, maySend }: InspectContext,
  { sessionId, event }: SentEvent,
  by: string,
): Promise<string | null> {
  if (!maySend) return 'sending events is off; start with BACKSTEP_INSPECT_SEND=on';
  try {
    await backstep.saga(sessionId).send(event, { by });
    return null;
  } catch (error) {
    if (error instanceof BackstepError) return redactText(error.message);
    logger.error({ err: error }, 'an event from an inspector failed');
    return 'the event could not be delivered';
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // not a frame of either protocol
  }
}
