/**
 * The reading part of the API over a database that is only looked at: no engine runs, and whoever
 * owns the database may go on. The same routes, so the same answers.
 */
import { Hono } from 'hono';
import { totalOf } from '../core/status.ts';
import { shownState } from '../core/history/shown-state.ts';
import type { Redact } from '../core/secrets/redact.ts';
import type { StoredLooks } from '../host/stored-looks.ts';
import { deadLetterRoutes } from './api/engine-routes.ts';
import { sagaReadRoutes, type SagaSource } from './api/saga-read-routes.ts';
import { HttpProblem, problemOf, problemResponse } from './error-response.ts';
import type { HttpEnv } from './http-env.ts';
import { shownReads } from './shown-backstep.ts';

/** Answers requests as a server would that only shows, secrets hidden. */
export function storedApi(
  looks: StoredLooks,
  redact: Redact,
  nowMs: () => number,
): (request: Request) => Promise<Response> {
  const read = shownReads({ read: looks.read, redact });
  const source: SagaSource = {
    read,
    definitions: () => looks.definitions,
    saga: (id) => ({
      state: async () => {
        const state = await looks.state(id);
        return state === null ? null : shownState(state, redact);
      },
    }),
  };
  const app = new Hono<HttpEnv>()
    .route('/api/sagas', sagaReadRoutes(source, nowMs))
    .route('/api/dead-letters', deadLetterRoutes({ read }, nowMs))
    .get('/api/stats', async (c) => {
      const sagas = await read.statusCounts();
      return c.json({ sagas: { total: totalOf(sagas), ...sagas } });
    });
  app.notFound(() => problemResponse(problemOf(ONLY_READS)));
  app.onError((error) => problemResponse(problemOf(error)));
  return async (request) => app.fetch(request);
}

const ONLY_READS = new HttpProblem(
  'read-only',
  'this needs a server: a database is only looked at, and not followed',
);
