/**
 * The whole HTTP surface as one Hono app, testable through `app.request()`.
 *
 * Order matters: headers on every answer, then the guard, then routes. Invariant: everything that
 * is thrown below is answered by `error-response.ts` and, when it is our fault, logged.
 */
import { Hono, type Context } from 'hono';
import { methodNotAllowed } from 'hono/method-not-allowed';
import { redactText } from '../core/secrets/redact.ts';
import type { Backstep } from '../host/backstep.ts';
import { shownFields } from '../host/shown-log.ts';
import { traceFields } from '../host/telemetry/trace-fields.ts';
import { Gatekeeper } from './access/gatekeeper.ts';
import { loginAddress, loginRoutes } from './access/login-routes.ts';
import { Revocations } from './access/revocations.ts';
import { guard, securityHeaders, type SecurityOptions } from './access/security.ts';
import { apiRoutes } from './api/routes.ts';
import { SagaHistories } from './api/saga-history.ts';
import { assetRoutes } from './assets.ts';
import { type HttpContext, traceOfRequest } from './context.ts';
import { ChartLayouts } from './dashboard/chart/chart-layout.ts';
import { type DashboardParts, dashboardPages } from './dashboard/dashboard-pages.ts';
import { isFromScript, shownPage } from './dashboard/frame/form-answers.ts';
import { createFrame, type PageFrame } from './dashboard/frame/page-frame.ts';
import { refusal } from './dashboard/frame/refusal.ts';
import { Pulse } from './dashboard/overview/pulse.ts';
import { pageRoutes } from './dashboard/page-routes.ts';
import { PerformanceRecorder } from './dashboard/performance/performance-recorder.ts';
import type { Fact } from './environment.ts';
import { HttpProblem, type Problem, problemOf, problemResponse } from './error-response.ts';
import type { ExtensionHost, ExtensionSource } from './extension.ts';
import type { HttpEnv, HttpLogger } from './http-env.ts';
import { DEFAULT_MAX_CLIENTS, LiveClients } from './live/live-clients.ts';
import { sagaCounterOf } from './metrics/counted-sagas.ts';
import { PageHub } from './live/page-hub.ts';
import { TurnStream } from './live/turn-stream.ts';
import { shownBackstep, shownExtension } from './shown-backstep.ts';
import { Verifications } from './verifications.ts';

export interface AppOptions {
  readonly backstep: Backstep;
  readonly security: SecurityOptions;
  /** Default: none. */
  readonly extensions?: readonly ExtensionSource[];
  /** Where the app is mounted; what mounts it takes this off addresses. Default: at the root. */
  readonly prefix?: string;
  /** Default: nothing is logged. */
  readonly logger?: HttpLogger;
  /** Lines of the log that could not be written, for the figures. Default: none. */
  readonly lostLogLines?: () => number;
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly nowMs?: () => number;
  /** Live feeds and pages at a time. Default 200. */
  readonly maxClients?: number;
  /** Whether events that an inspector sends reach the sagas. Default no. */
  readonly inspectorsMaySend?: boolean;
  /** How the program was set up, without secrets, for the debug page. Default: nothing. */
  readonly settings?: readonly Fact[];
  /** The drawings. Default: some of its own, made in a thread. */
  readonly layouts?: ChartLayouts;
}

export interface App {
  readonly hono: Hono<HttpEnv>;
  /** Samples, and starts the extensions. */
  start(): void;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** Builds the app. */
export function createApp(options: AppOptions): App {
  const { backstep: engine, security } = options;
  const logger = shownLogger(options);
  const stopping = new AbortController();
  const host = hostOf(options, logger, () => hub.touch());
  const gatekeeper =
    security.token === null ? null : new Gatekeeper(security.token, new Revocations(engine.store));
  const context = contextOf(options, host, gatekeeper, stopping.signal);
  const { backstep, extensions, nowMs } = context;
  const maySend = options.inspectorsMaySend === true && !context.isReadOnly;
  const layouts = options.layouts ?? new ChartLayouts();
  const parts: DashboardParts = {
    pulse: new Pulse(nowMs),
    recorder: new PerformanceRecorder(context),
    stream: new TurnStream(backstep),
    histories: new SagaHistories(engine.read, engine.redact),
    layouts,
    verifications: new Verifications(),
    settings: options.settings ?? [],
    maySend,
  };
  const deaf = backstep.subscribe((entry) => parts.pulse.take(entry));
  const hub = new PageHub(context);
  const pages = dashboardPages(context, parts);
  // Whoever looks at a page may look at a chart next; who only calls the API never pays for one.
  const frame = createFrame(context, hub, pages, () => {
    void layouts.warm(() => backstep.definitions());
  });

  const hono = new Hono<HttpEnv>();
  hono.use(securityHeaders());
  hono.use(guard(security, gatekeeper, context));
  answerOtherMethods(hono);
  if (gatekeeper !== null) hono.route('/', loginRoutes(gatekeeper, context));
  const styles = extensions.flatMap((extension) => extension.styles ?? []);
  hono.route('/assets', assetRoutes(styles));
  hono.route('/', apiRoutes(context, { ...parts, engine, inspectorsMaySend: maySend }));
  for (const { routes } of extensions) if (routes !== undefined) hono.route('/', routes);
  hono.route('/', pageRoutes(context, hub, pages, frame));
  answerProblems(hono, context, frame);

  return {
    hono,
    start() {
      parts.recorder.start();
      for (const extension of extensions) extension.start?.();
    },
    async stop() {
      stopping.abort();
      deaf();
      parts.stream.stop();
      parts.recorder.stop();
      layouts.stop();
      await Promise.all(extensions.map(async (extension) => extension.stop?.()));
    },
  };
}

/** The logger, with secrets hidden in whatever it is given. */
function shownLogger({ logger, backstep: { redact } }: AppOptions): HttpLogger {
  return {
    error: (fields, message) => logger?.error(shownFields(fields, redact), redactText(message)),
  };
}

function hostOf(
  { backstep, security, nowMs = Date.now }: AppOptions,
  logger: HttpLogger,
  touch: () => void,
): ExtensionHost {
  const isReadOnly = security.isReadOnly === true;
  return { backstep: shownBackstep(backstep), isReadOnly, logger, nowMs, touch };
}

function contextOf(
  options: AppOptions,
  host: ExtensionHost,
  gatekeeper: Gatekeeper | null,
  stopping: AbortSignal,
): HttpContext {
  const { backstep: engine } = options;
  const extensions = (options.extensions ?? []).map((source) =>
    shownExtension(typeof source === 'function' ? source(host) : source, engine),
  );
  return {
    ...host,
    extensions,
    prefix: options.prefix ?? '',
    hasLogin: gatekeeper !== null,
    clients: new LiveClients(
      options.maxClients ?? DEFAULT_MAX_CLIENTS,
      async (session) => (await gatekeeper?.hasEnded(session, host.nowMs())) ?? false,
    ),
    lostLogLines: options.lostLogLines ?? (() => 0),
    countSagas: sagaCounterOf(engine.read.gauges),
    stopping,
  };
}

function answerOtherMethods(app: Hono<HttpEnv>): void {
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
}

// What no route answers, and what one threw.
function answerProblems(app: Hono<HttpEnv>, context: HttpContext, frame: PageFrame): void {
  // Answered, not thrown: `methodNotAllowed` looks only at answers.
  app.notFound((c) =>
    answer(
      context,
      frame,
      c,
      problemOf(new HttpProblem('route-unknown', 'There is nothing at this address.')),
    ),
  );
  app.onError((error, c) => {
    const problem = problemOf(error);
    if (problem.isOurFault) {
      context.logger.error(
        {
          err: error,
          method: c.req.method,
          path: c.req.path,
          ...traceFields(traceOfRequest(c).traceparent ?? null),
        },
        'a request failed',
      );
    }
    return answer(context, frame, c, problem);
  });
}

// A person gets a page, or a piece of the one they see; a program gets what the contract says.
function answer(
  { prefix, hasLogin }: HttpContext,
  frame: PageFrame,
  c: Context,
  problem: Problem,
): Response | Promise<Response> {
  const { body, headers } = problem;
  const isLogin = hasLogin && body.code === 'token-required';
  if (isFromScript(c)) {
    // The session ended while the page stood open: the way back in leads to that page.
    const login = isLogin ? { 'hx-redirect': loginAddress(shownPage(c), prefix) } : {};
    return c.html(refusal(body), body.status, { ...headers, ...login });
  }
  const wantsPage =
    !c.req.path.startsWith('/api/') && (c.req.header('accept') ?? '').startsWith('text/html');
  if (!wantsPage) return problemResponse(problem);
  // What was sent cannot be sent again by going there.
  const next = c.req.method === 'GET' ? c.req.url : null;
  if (isLogin) return c.redirect(loginAddress(next), 303);
  return c.html(frame.message(body.title, refusal(body, true)), body.status, headers);
}
