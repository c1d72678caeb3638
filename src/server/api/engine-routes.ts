/**
 * `/api/*` and `/metrics`: the engine as a whole. Dead letters, figures, health.
 */
import { Hono } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import type { Backstep } from '../../host/backstep.ts';
import { authorOf, queryOf, type HttpContext } from '../context.ts';
import type { HttpEnv } from '../http-env.ts';
import { figuresView } from './host/host-routes.ts';
import { API_AUTHOR } from './request-bodies.ts';
import { METRICS_TYPE } from '../../host/telemetry/prometheus-text.ts';
import { distributionView, metricsText } from '../metrics/metrics.ts';
import { storeGaugesOf } from '../metrics/store-gauges.ts';
import type { PerformanceRecorder } from '../dashboard/performance/performance-recorder.ts';
import { totalOf } from '../../core/status.ts';
import { DEFAULT_PAGE_LIMIT, LimitQuery, pageOf, readQuery } from '../query.ts';
import { isoTime } from '../../core/iso-time.ts';
import type { Restored } from '../../store/store.ts';
import { deadLetterView, refusedRowView } from './saga-answers.ts';

/** What needs a person, below `/api/dead-letters`. */
export function deadLetterRoutes(
  { read }: Pick<Backstep, 'read'>,
  nowMs: () => number,
): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get('/', async (c) => {
    const page = await read.deadLetters(pageOf(queryOf(c)));
    const items = page.items.map((letter) => deadLetterView(letter, nowMs()));
    return c.json({ items, nextCursor: page.nextCursor });
  });
}

function restoredView({ generation, copiedAtMs, restoredAtMs }: Restored) {
  return { generation, copiedAt: isoTime(copiedAtMs), restoredAt: isoTime(restoredAtMs) };
}

/** Dead letters, figures, health and retention, with whole paths. */
export function engineRoutes(
  { backstep, clients, nowMs, lostLogLines, countSagas }: HttpContext,
  recorder: PerformanceRecorder,
): Hono<HttpEnv> {
  const storeGauges = storeGaugesOf(backstep.read, countSagas);
  return new Hono<HttpEnv>()
    .route('/api/dead-letters', deadLetterRoutes(backstep, nowMs))
    .get('/api/stats', async (c) => {
      const sagas = await countSagas();
      const { types: _, ...engine } = backstep.figures();
      const store = backstep.store.stats();
      return c.json({
        sagas: { total: totalOf(sagas), ...sagas },
        engine: { ...engine, attemptMs: distributionView(engine.attemptMs) },
        store: {
          ...store,
          commitMs: distributionView(store.commitMs),
          waitMs: distributionView(store.waitMs),
        },
        live: clients.figures(),
      });
    })
    .get('/api/inbox', async (c) => {
      const { limit = DEFAULT_PAGE_LIMIT } = readQuery(queryOf(c), LimitQuery);
      const { waiting, oldestAtMs, refused } = await backstep.read.inboxFigures();
      const items = (await backstep.read.refusedRows(limit)).map(refusedRowView);
      return c.json({ waiting, oldestAt: isoTime(oldestAtMs), refused, items });
    })
    .get('/api/retention', async (c) => c.json(await backstep.retention.stateAtOwner()))
    .post('/api/retention/resume', async (c) => {
      await backstep.retention.resume(authorOf(c, API_AUTHOR));
      return c.json(await backstep.retention.stateAtOwner(), 202);
    })
    .get('/api/health', (c) => {
      const health = backstep.health();
      if (health.kind === 'ready') {
        const { kind: status, restored, ...detail } = health;
        const calls = figuresView(backstep.calls?.figures() ?? null);
        return c.json({
          status,
          ...detail,
          ...(calls === null ? {} : { calls }),
          ...(restored === undefined ? {} : { restored: restoredView(restored) }),
        });
      }
      throw new BackstepError('unavailable', `${health.kind}: ${health.reason}`);
    })
    .get('/api/live', (c) => {
      const health = backstep.health();
      const owner = health.kind === 'standby' ? health.owner : backstep.store.label;
      return c.json({ status: 'live', engine: health.kind, owner });
    })
    .get('/metrics', async (c) => {
      const text = metricsText({
        engine: backstep.figures(),
        known: backstep.definitions(),
        store: backstep.store.stats(),
        gauges: await storeGauges(),
        calls: backstep.calls?.figures() ?? null,
        isReady: backstep.health().kind === 'ready',
        isStandby: backstep.health().kind === 'standby',
        live: clients.figures(),
        alerts: backstep.alerts.figures(),
        lostLogLines: lostLogLines(),
        loopP99Ms: recorder.loopP99Ms(),
        nowMs: nowMs(),
      });
      return c.text(text, 200, { 'content-type': METRICS_TYPE });
    });
}
