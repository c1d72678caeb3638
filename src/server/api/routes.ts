/**
 * The API for any saga and for the engine, everything below `/api` and what watches beside it.
 */
import { Hono } from 'hono';
import type { Backstep } from '../../host/backstep.ts';
import { ALERT_OPERATIONS, alertRoutes } from './alert-routes.ts';
import { bulkRoutes } from './bulk-routes.ts';
import type { HttpContext } from '../context.ts';
import { type DefinitionParts, definitionRoutes } from './definition-routes.ts';
import { engineRoutes } from './engine-routes.ts';
import { hostRoutes } from './host/host-routes.ts';
import type { HttpEnv } from '../http-env.ts';
import { feedRoutes } from '../live/feed-routes.ts';
import { inspectRoutes } from '../inspect/inspect-routes.ts';
import { openApiOf } from './openapi.ts';
import { engineOperations } from './operations.ts';
import type { PerformanceRecorder } from '../dashboard/performance/performance-recorder.ts';
import { sagaCommandRoutes } from './saga-commands.ts';
import { sagaRoutes } from './saga-routes.ts';

export interface ApiParts extends DefinitionParts {
  /** With the journal as it is stored, which inspectors replay. */
  readonly engine: Backstep;
  readonly recorder: PerformanceRecorder;
  /** Whether events that an inspector sends reach the sagas. */
  readonly inspectorsMaySend: boolean;
}

/** Every route of the API, with whole paths. */
export function apiRoutes(
  context: HttpContext,
  { engine, recorder, verifications, layouts, inspectorsMaySend }: ApiParts,
): Hono<HttpEnv> {
  const added = context.extensions.flatMap(({ operations }) => operations ?? []);
  // Made for the first who asks: that takes as long as a tenth of the start of the process.
  let document: ReturnType<typeof openApiOf> | undefined;
  return new Hono<HttpEnv>()
    .get('/api/openapi.json', (c) => {
      document ??= openApiOf(
        [...engineOperations(), ...ALERT_OPERATIONS, ...added],
        context.prefix,
      );
      return c.json(document);
    })
    .route('/api/sagas', sagaRoutes(context))
    .route('/api/sagas', sagaCommandRoutes(context))
    .route('/api/bulk', bulkRoutes(context))
    .route('/api/alerts', alertRoutes(context))
    .route('/api/definitions', definitionRoutes(context, { verifications, layouts }))
    .route('/', engineRoutes(context, recorder))
    .route('/', hostRoutes(context))
    .route('/', feedRoutes(context))
    .route('/', inspectRoutes({ ...context, engine, maySend: inspectorsMaySend }));
}
