/**
 * The whole HTTP surface as one Hono app, testable through `app.request()`.
 *
 * Order matters: headers on every answer, then the guard, then routes. Invariant: everything that
 * is thrown below is answered by `error-response.ts` and, when it is our fault, logged.
 */
import { Hono, type Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { redactText } from '../core/secrets/redact.ts';
import { BulkActions } from '../runtime/upkeep/bulk-actions.ts';
import { shownFields } from '../runtime/shown-log.ts';
import { apiRoutes } from './api/routes.ts';
import { assetRoutes } from './assets.ts';
import { ChartLayouts } from './dashboard/chart/chart-layout.ts';
import type { HttpContext, HttpEnv, HttpLogger } from './context.ts';
import { enginePages } from './dashboard/engine-pages.ts';
import { Gatekeeper } from './access/gatekeeper.ts';
import { HttpProblem, type Problem, problemOf, problemResponse } from './error-response.ts';
import { isFromScript, shownPage } from './dashboard/frame/form-answers.ts';
import { faultLab } from '../demo/lab/lab-routes.ts';
import { DEFAULT_MAX_CLIENTS, LiveClients } from './live/live-clients.ts';
import { operatorPages } from './dashboard/operator-pages.ts';
import { loginAddress, loginRoutes } from './access/login-routes.ts';
import { orderPageGroups } from '../demo/order/order-page-groups.ts';
import { orderRoutes } from '../demo/order/order-routes.ts';
import { pageActionRoutes } from '../demo/order/order-page-actions.ts';
import { messagePage, type PageKit } from './dashboard/frame/page-frame.ts';
import type { OrderLab } from '../demo/lab/order-lab.ts';
import { PageHub } from './live/page-hub.ts';
import type { PageView } from './live/page-region.ts';
import { pageRoutes } from '../demo/order/order-page-routes.ts';
import { pageSocket } from './live/page-socket.ts';
import { PerformanceRecorder } from './dashboard/performance/performance-recorder.ts';
import { ProviderWatch } from '../demo/lab/provider-watch.ts';
import { textOf } from './query.ts';
import { Revocations } from './access/revocations.ts';
import { SagaHistories } from './api/saga-history.ts';
import { shownBackstep, shownBulk, shownDemo, shownLab, shownPanels } from './shown-backstep.ts';
import { sagaPages } from './dashboard/saga-pages.ts';
import type { ServicePanel } from './dashboard/services/service-panels.ts';
import { Verifications } from './api/verifications.ts';
import { refusal } from '../demo/order/order-form.ts';
import { guard, securityHeaders, type SecurityOptions } from './access/security.ts';

export interface AppOptions extends Pick<HttpContext, 'backstep' | 'demo' | 'faults'> {
  readonly security: SecurityOptions;
  /** Shown on the page of services beside those of the demo. Default: none. */
  readonly services?: readonly ServicePanel[];
  /** Default: one of its own; whoever brings one can go on with what was interrupted. */
  readonly bulk?: BulkActions;
  /** Ends the process at once. Default: does nothing. */
  readonly crash?: () => void;
  /** Default: nothing is logged. */
  readonly logger?: HttpLogger;
  /** Lines of the log that could not be written, for the figures. Default: none. */
  readonly lostLogLines?: () => number;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly nowMs?: () => number;
  /** Live feeds and pages at a time. Default 200. */
  readonly maxClients?: number;
  /** What the fault lab needs beside `demo` and `faults`; without it there is none. */
  readonly lab?: OrderLab;
  /** Whether events that an inspector sends reach the sagas. Default no. */
  readonly inspectorsMaySend?: boolean;
  /** The drawings. Default: some of its own, made in a thread. */
  readonly layouts?: ChartLayouts;
}

/** Builds the app. `demo` null: no order routes and no page; `faults` null: they are off. */
export function createApp(options: AppOptions): Hono<HttpEnv> {
  const {
    backstep: engine,
    faults,
    security,
    crash = () => {},
    logger: log = { error: () => {} },
    nowMs = Date.now,
    lostLogLines = () => 0,
    maxClients = DEFAULT_MAX_CLIENTS,
    inspectorsMaySend = false,
    layouts = new ChartLayouts(),
    services = [],
    bulk = new BulkActions(engine, { logger: log }),
  } = options;
  // From here on nothing is left to hide.
  const logger: HttpLogger = {
    error: (fields, message) => log.error(shownFields(fields, engine.redact), redactText(message)),
  };
  const backstep = shownBackstep(engine);
  const demo = options.demo === null ? null : shownDemo(options.demo, engine);
  const lab = options.lab === undefined ? undefined : shownLab(options.lab);
  const clients = new LiveClients(maxClients);
  const context: HttpContext = {
    backstep,
    bulk: shownBulk(bulk),
    demo,
    services: shownPanels(services, engine),
    faults,
    provider: lab?.provider ? new ProviderWatch(lab.provider, nowMs, () => hub.touch()) : null,
    isReadOnly: security.isReadOnly === true,
    hasLogin: security.token !== null,
    crash,
    clients,
    logger,
    lostLogLines,
    nowMs,
  };

  const gatekeeper =
    security.token === null ? null : new Gatekeeper(security.token, new Revocations(engine.store));
  const app = new Hono<HttpEnv>();
  app.use(securityHeaders());
  app.use(guard(security, gatekeeper, nowMs));
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed(_c, methods) {
        const allow = methods.join(', ');
        const detail = `This route takes ${allow}.`;
        return problemResponse(problemOf(new HttpProblem('method-not-allowed', detail, { allow })));
      },
    }),
  );
  if (gatekeeper !== null) app.route('/', loginRoutes(gatekeeper, context));
  app.route('/assets', assetRoutes());
  const recorder = new PerformanceRecorder(context);
  recorder.start();
  const verifications = new Verifications();
  const maySend = inspectorsMaySend && !context.isReadOnly;
  app.route(
    '/',
    apiRoutes(context, { engine, recorder, verifications, inspectorsMaySend: maySend }),
  );
  const hub = new PageHub(context);
  // Whoever looks at a page may look at a chart next; who only calls the API never pays for one.
  const kit: PageKit = {
    context,
    hub,
    onLook: () => void layouts.warm(() => backstep.definitions()),
  };
  const views = new Map<string, PageView>();
  const drawings = { histories: new SagaHistories(engine.read, engine.redact), layouts };
  app.route('/', sagaPages(kit, views, verifications, drawings));
  app.route('/', operatorPages(kit, views));
  if (demo !== null) {
    views.set('saga', (query) => orderPageGroups(context, demo, textOf(query, 'id')));
    app.route('/saga', orderRoutes(context, demo));
    app.route('/saga/actions', pageActionRoutes(context, demo, hub));
    app.route('/', pageRoutes(kit, demo));
  }
  if (demo !== null && faults !== null && lab !== undefined) {
    const { routes, view } = faultLab(kit, faults, { ...context, demo, lab });
    views.set('faults', view);
    app.route('/', routes);
  }
  const parts = { ...drawings, recorder, maySend };
  app.route('/', enginePages(kit, views, parts));
  app.route('/', pageSocket(kit, views));
  answerProblems(app, context);
  return app;
}

// What no route answers, and what one threw.
function answerProblems(app: Hono<HttpEnv>, context: HttpContext): void {
  // Answered, not thrown: `methodNotAllowed` looks only at answers.
  app.notFound((c) =>
    answer(
      context,
      c,
      problemOf(new HttpProblem('route-unknown', 'There is nothing at this address.')),
    ),
  );
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (problem.isOurFault) {
      context.logger.error(
        { err: error, method: c.req.method, path: c.req.path },
        'a request failed',
      );
    }
    return answer(context, c, problem);
  });
}

// A person gets a page, or a piece of the one they see; a program gets what the contract says.
function answer(context: HttpContext, c: Context, problem: Problem): Response | Promise<Response> {
  const { body, headers } = problem;
  const isLogin = body.code === 'token-required';
  if (isFromScript(c)) {
    // The session ended while the page stood open: the way back in leads to that page.
    const login = isLogin ? { 'hx-redirect': loginAddress(shownPage(c)) } : {};
    return c.html(refusal(body), body.status, { ...headers, ...login });
  }
  const wantsPage =
    !c.req.path.startsWith('/api/') && (c.req.header('accept') ?? '').startsWith('text/html');
  if (!wantsPage) return problemResponse(problem);
  // What was sent cannot be sent again by going there.
  const next = c.req.method === 'GET' ? c.req.url : null;
  if (isLogin) return c.redirect(loginAddress(next), 303);
  const page = messagePage(context, body.title, refusal(body, true));
  return c.html(page, body.status, headers);
}
