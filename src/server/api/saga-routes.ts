/**
 * `/api/sagas`: any saga, as in the contract: start, list, look at.
 */
import { Hono } from 'hono';
import type { z } from 'zod';
import type { Duration } from '../../core/duration.ts';
import { BackstepError } from '../../core/errors.ts';
import { parseWith } from '../../core/standard-schema.ts';
import type { Backstep, SpawnOptions } from '../../host/backstep.ts';
import { toCursor } from '../../store/queries/cursor.ts';
import type { JournalEntry, SagaSummary } from '../../store/read-models.ts';
import { queryOf, startAnswer, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { pageOf, sagaFilterOf, waitMsOf } from '../query.ts';
import { readBody, StartBody, StartKey } from './request-bodies.ts';
import { definitionOf, readableState, sagaOf } from '../saga-lookup.ts';
import { childIdsOf, sagaView, unreadableView } from './saga-detail-answer.ts';
import { summaryView, transitionView } from './saga-answers.ts';
import { unreadableWhyView, whyView } from './saga-why-answer.ts';

/** Notes shown with a saga: the newest. */
const MAX_NOTES = 20;

/** Starts, lists and reads sagas, below `/api/sagas`. */
export function sagaRoutes({ backstep, nowMs }: HttpContext): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
    .post('/:type', async (c) => {
      const waitMs = waitMsOf(queryOf(c));
      const body = await readBody(c.req.raw, StartBody);
      const key = await startKey(body.key ?? null, c.req.header('idempotency-key'));
      const type = c.req.param('type');
      const started = await backstep.spawn(type, {
        input: body.input ?? null,
        ...(key === null ? {} : { key }),
        ...startOptions(body),
      });
      const { status, code, removed } = await startAnswer(started, waitMs);
      const location = `/api/sagas/${started.id}`;
      const { id, isNew } = started;
      return c.json({ id, type, status, isNew, ...removed }, code, { location });
    })
    .get('/', async (c) => {
      const query = queryOf(c);
      const page = await backstep.read.listSagas(sagaFilterOf(query, nowMs()), pageOf(query));
      return c.json({
        items: page.items.map((saga) => summaryView(saga)),
        nextCursor: page.nextCursor,
      });
    })
    .get('/:id', async (c) => {
      const saga = await sagaOf(backstep, c.req.param('id'));
      const state = await readableState(backstep, saga.id);
      const [audit, notes, pendingStart] = await Promise.all([
        backstep.read.audit(saga.id),
        backstep.read.notes(saga.id, MAX_NOTES),
        backstep.read.pendingStart(saga.id),
      ]);
      if (state instanceof BackstepError) {
        return c.json(unreadableView(saga, state.message, { audit, notes }));
      }
      const children = await backstep.read.summaries(childIdsOf(state));
      const definition = definitionOf(backstep, saga.type, saga.version);
      return c.json(sagaView({ saga, state, definition, audit, notes, children, pendingStart }));
    })
    .get('/:id/why', async (c) => {
      const saga = await sagaOf(backstep, c.req.param('id'));
      const [state, last] = await Promise.all([
        readableState(backstep, saga.id),
        lastTurnOf(backstep, saga),
      ]);
      if (state instanceof BackstepError) {
        return c.json(unreadableWhyView(saga, state.message, last));
      }
      const definition = definitionOf(backstep, saga.type, saga.version);
      return c.json(whyView({ saga, state, definition, last }));
    })
    .get('/:id/transitions', async (c) => {
      const { id } = await sagaOf(backstep, c.req.param('id'));
      const page = await backstep.read.transitions(id, pageOf(queryOf(c)));
      return c.json({ items: page.items.map(transitionView), nextCursor: page.nextCursor });
    });
}

async function lastTurnOf(
  { read }: Pick<Backstep, 'read'>,
  { id, seq }: SagaSummary,
): Promise<JournalEntry | undefined> {
  const cursor = seq > 1 ? toCursor('journal', seq - 1) : null;
  return (await read.transitions(id, { limit: 1, cursor })).items[0];
}

function startOptions({ startAt, delay }: z.infer<typeof StartBody>): Partial<SpawnOptions> {
  return {
    ...(typeof startAt === 'string' ? { startAt: new Date(startAt) } : {}),
    ...(typeof delay === 'string' ? { delay: delay as Duration } : {}), // spawn checks it
  };
}

async function startKey(inBody: string | null, header: string | undefined): Promise<string | null> {
  if (header === undefined) return inBody;
  const inHeader = await parseWith(StartKey, header);
  if (inBody === null || inBody === inHeader) return inHeader;
  const message = 'differs from the header Idempotency-Key';
  throw new BackstepError('input-invalid', `key ${message}`, {
    issues: [{ path: 'key', message, isTypeError: true }],
  });
}
