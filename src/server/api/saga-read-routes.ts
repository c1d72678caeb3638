/**
 * `/api/sagas`, what only reads: lists, one saga, why it stands where it stands, its journal. Needs
 * no engine that runs, so that a database is looked at in the same words.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import type { Backstep } from '../../host/backstep.ts';
import { toCursor } from '../../store/queries/cursor.ts';
import type { JournalEntry, SagaSummary } from '../../store/read-models.ts';
import { queryOf } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { pageOf, sagaFilterOf } from '../query.ts';
import { definitionOf, readableState, sagaOf, type StateSource } from '../saga-lookup.ts';
import { summaryView, transitionView } from './saga-answers.ts';
import { childIdsOf, sagaView, unreadableView } from './saga-detail-answer.ts';
import { unreadableWhyView, whyView } from './saga-why-answer.ts';

/** Notes shown with a saga: the newest. */
const MAX_NOTES = 20;

/** What is read of sagas. */
export type SagaSource = Pick<Backstep, 'read' | 'definitions'> & StateSource;

/** Reads sagas, below `/api/sagas`. */
export function sagaReadRoutes(backstep: SagaSource, nowMs: () => number): Hono<HttpEnv> {
  return new Hono<HttpEnv>()
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
