/**
 * The pages that show all sagas together: overview, list, bulk commands, dead letters, services.
 *
 * Each is there with or without the order demo.
 */
import { Hono } from 'hono';
import { bulkGroups, bulkPageRoutes } from './bulk/bulk-page.ts';
import type { HttpEnv } from '../context.ts';
import { deadLettersGroups, deadLettersRoutes } from './dead-letters/dead-letters-page.ts';
import { orderBatchRoutes } from '../../demo/order/order-batch.ts';
import { overviewGroups, overviewRoutes } from './overview/overview-page.ts';
import type { PageKit } from './frame/page-frame.ts';
import type { PageView } from '../live/page-region.ts';
import { Pulse } from './overview/pulse.ts';
import { sagasRoutes, sagasView } from './sagas/sagas-page.ts';
import { servicesGroups, servicesRoutes } from './services/services-page.ts';

/** The routes, to be mounted at `/`; adds what their sockets show to `views`. */
export function operatorPages(kit: PageKit, views: Map<string, PageView>): Hono<HttpEnv> {
  const { context } = kit;
  const pulse = new Pulse(context.nowMs);
  context.backstep.subscribe((entry) => pulse.take(entry));
  const overview = overviewGroups(context, pulse);
  views.set('overview', () => overview);
  views.set('sagas', (query) => sagasView(context, query));
  views.set('bulk', (query) => bulkGroups(context, query));
  views.set('dead-letters', (query) => deadLettersGroups(context, query));
  views.set('services', (query) => servicesGroups(context, query));
  const app = new Hono<HttpEnv>()
    .route('/', overviewRoutes(kit, overview))
    .route('/', sagasRoutes(kit))
    .route('/bulk', bulkPageRoutes(kit))
    .route('/', deadLettersRoutes(kit))
    .route('/', servicesRoutes(kit));
  if (context.demo !== null) app.route('/saga/actions', orderBatchRoutes(context, context.demo));
  return app;
}
