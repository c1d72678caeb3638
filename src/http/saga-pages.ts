/**
 * The pages of single sagas and of definitions, which share what is drawn and what is replayed.
 */
import { Hono } from 'hono';
import { ChartLayouts } from './chart-layout.ts';
import type { HttpEnv } from './context.ts';
import { definitionPages, definitionView, Verdicts } from './definition-pages.ts';
import type { PageKit } from './page-frame.ts';
import type { PageView } from './page-region.ts';
import { SagaHistories } from './saga-history.ts';
import { SAGA_PAGE_VIEW, sagaPageRoutes, sagaPageView } from './saga-page-routes.ts';
import type { Verifications } from './verifications.ts';

/** The routes, to be mounted at `/`; adds what their sockets show to `views`. */
export function sagaPages(
  kit: PageKit,
  views: Map<string, PageView>,
  verifications: Verifications,
): Hono<HttpEnv> {
  const { context } = kit;
  const histories = new SagaHistories(context.backstep.read);
  const layouts = new ChartLayouts();
  const verdicts = new Verdicts(verifications);
  views.set(SAGA_PAGE_VIEW, sagaPageView(context, histories));
  views.set('definitions', definitionView(context, verdicts));
  return new Hono<HttpEnv>()
    .route('/sagas', sagaPageRoutes(kit, histories, layouts))
    .route('/definitions', definitionPages(kit, layouts, verdicts));
}
