/**
 * The pages of single sagas and of definitions, which share what is drawn and what is replayed.
 */
import { Hono } from 'hono';
import type { ChartLayouts } from './chart/chart-layout.ts';
import type { HttpEnv } from '../context.ts';
import { definitionPages, definitionView, Verdicts } from './definitions/definition-pages.ts';
import type { PageKit } from './frame/page-frame.ts';
import type { PageView } from '../live/page-region.ts';
import type { SagaHistories } from '../api/saga-history.ts';
import { SAGA_PAGE_VIEW, sagaPageRoutes, sagaPageView } from './saga/saga-page-routes.ts';
import type { Verifications } from '../api/verifications.ts';

/** What is replayed and laid out once, for every page that shows it. */
export interface Drawings {
  readonly histories: SagaHistories;
  readonly layouts: ChartLayouts;
}

/** The routes, to be mounted at `/`; adds what their sockets show to `views`. */
export function sagaPages(
  kit: PageKit,
  views: Map<string, PageView>,
  verifications: Verifications,
  { histories, layouts }: Drawings,
): Hono<HttpEnv> {
  const { context } = kit;
  const verdicts = new Verdicts(verifications);
  views.set(SAGA_PAGE_VIEW, sagaPageView(context, histories));
  views.set('definitions', definitionView(context, verdicts));
  return new Hono<HttpEnv>()
    .route('/sagas', sagaPageRoutes(kit, histories, layouts))
    .route('/definitions', definitionPages(kit, layouts, verdicts));
}
