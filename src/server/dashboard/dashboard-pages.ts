/**
 * Every page of the dashboard, in the order of the navigation: those of the product, with those of
 * extensions among them.
 */
import type { SagaHistories } from '../api/saga-history.ts';
import type { HttpContext } from '../context.ts';
import type { Fact } from '../environment.ts';
import type { TurnStream } from '../live/turn-stream.ts';
import type { Page } from '../page.ts';
import type { Verifications } from '../verifications.ts';
import { createAlertsPage } from './alerts/alerts-page.ts';
import { createBulkPage } from './bulk/bulk-page.ts';
import type { ChartLayouts } from './chart/chart-layout.ts';
import { createDeadLettersPage } from './dead-letters/dead-letters-page.ts';
import { createDebugPage } from './debug/debug-page.ts';
import { createDefinitionPage, createDefinitionsPage } from './definitions/definition-pages.ts';
import { createGuidePages } from './guide/guide-page.ts';
import { createInspectorPage, createStatelyPage } from './inspector/inspector-page.ts';
import { createOverviewPage } from './overview/overview-page.ts';
import type { Pulse } from './overview/pulse.ts';
import { createPerformancePage } from './performance/performance-page.ts';
import type { PerformanceRecorder } from './performance/performance-recorder.ts';
import { createSagaPage } from './saga/saga-page.ts';
import { createSagasPage } from './sagas/sagas-page.ts';
import { createServicesPage } from './services/services-page.ts';

/** What pages share beside the engine; each is begun and ended by whoever makes it. */
export interface DashboardParts {
  readonly pulse: Pulse;
  readonly recorder: PerformanceRecorder;
  readonly stream: TurnStream;
  readonly histories: SagaHistories;
  readonly layouts: ChartLayouts;
  readonly verifications: Verifications;
  /** How the program was set up, without secrets, for the debug page. */
  readonly settings: readonly Fact[];
  /** Whether an inspector's events reach the sagas. */
  readonly maySend: boolean;
}

/** The pages. */
export function dashboardPages(context: HttpContext, parts: DashboardParts): readonly Page[] {
  const { pulse, recorder, layouts, verifications, maySend } = parts;
  return [
    createOverviewPage(context, pulse),
    createSagasPage(context),
    createSagaPage(context, parts),
    createBulkPage(context),
    createDeadLettersPage(context),
    createAlertsPage(context),
    createDefinitionsPage(context),
    createDefinitionPage(context, layouts, verifications),
    ...context.extensions.flatMap(({ pages }) => pages ?? []),
    createServicesPage(context),
    createPerformancePage(recorder),
    createInspectorPage(context, parts),
    createStatelyPage(maySend),
    createDebugPage(context, parts),
    ...createGuidePages(),
  ];
}
