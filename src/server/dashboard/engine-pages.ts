/**
 * The pages about the engine itself: performance, inspector, debug.
 *
 * Each is there with or without the order demo.
 */
import { Hono } from 'hono';
import type { HttpEnv } from '../context.ts';
import { debugPages } from './debug/debug-page.ts';
import { inspectorRoutes, inspectorView } from './inspector/inspector-page.ts';
import type { PageKit } from './frame/page-frame.ts';
import type { PageView } from '../live/page-region.ts';
import { performanceGroups, performanceRoutes } from './performance/performance-page.ts';
import type { PerformanceRecorder } from './performance/performance-recorder.ts';
import type { Drawings } from './saga-pages.ts';

export interface EnginePageParts extends Drawings {
  readonly recorder: PerformanceRecorder;
  /** Whether an inspector's events reach the sagas. */
  readonly maySend: boolean;
}

/** The routes, to be mounted at `/`; adds what their sockets show to `views`. */
export function enginePages(
  kit: PageKit,
  views: Map<string, PageView>,
  { histories, layouts, recorder, maySend }: EnginePageParts,
): Hono<HttpEnv> {
  const performance = performanceGroups(recorder);
  const debug = debugPages(kit, maySend);
  views.set('performance', () => performance);
  views.set('inspector', inspectorView(kit.context, histories));
  views.set('debug', debug.view);
  return new Hono<HttpEnv>()
    .route('/', performanceRoutes(kit, performance))
    .route('/', inspectorRoutes(kit, histories, layouts, maySend))
    .route('/', debug.routes);
}
