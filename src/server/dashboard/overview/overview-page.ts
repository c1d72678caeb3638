/**
 * `/`: how the whole system is doing, and what needs a person.
 *
 * Invariant: every figure links to the list it counts.
 */
import { Hono } from 'hono';
import type { SagaStatus } from '../../../core/status.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import type { HttpContext, HttpEnv } from '../../context.ts';
import { renderPage, type PageKit } from '../frame/page-frame.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import type { Pulse } from './pulse.ts';
import { invariantGroup } from '../services/services-page.ts';
import { failureTable, overviewPage, pulseLines, statusTiles, stuckSaga } from './overview-view.ts';

const COUNTS_MIN_AGE_MS = 200;
const FAILURES_MIN_AGE_MS = 500;
const PULSE_MIN_AGE_MS = 1_000;
const SHOWN_FAILURES = 8;
/** What left its forward path. */
const TURNED: readonly SagaStatus[] = [
  'compensating',
  'compensated',
  'compensation_failed',
  'failed',
  'parked',
];
/** What should move by itself. */
const MOVING: readonly SagaStatus[] = ['running', 'compensating'];

/** The route, to be mounted at `/`. */
export function overviewRoutes(kit: PageKit, groups: readonly RegionGroup[]): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get('/', async (c) => {
    const spec = { title: 'Overview', at: '/', live: 'view=overview', groups } as const;
    const { demo, isReadOnly } = kit.context;
    const facts = { hasDemo: demo !== null, isReadOnly };
    return c.html(await renderPage(kit, spec, (place) => overviewPage(facts, place)));
  });
}

/** The live parts of the page. */
export function overviewGroups(context: HttpContext, pulse: Pulse): readonly RegionGroup[] {
  return [
    {
      key: 'overview-counts',
      minAgeMs: COUNTS_MIN_AGE_MS,
      render: () => countRegions(context),
    },
    {
      key: 'overview-pulse',
      minAgeMs: PULSE_MIN_AGE_MS,
      render: async () => [await region('pulse', pulseLines(pulse.beats()))],
    },
    {
      key: 'overview-failures',
      minAgeMs: FAILURES_MIN_AGE_MS,
      render: () => failureRegions(context),
    },
    ...(context.demo === null ? [] : [invariantGroup(context, context.demo)]),
  ];
}

async function countRegions({ backstep }: HttpContext): Promise<readonly Region[]> {
  const [counts, letters] = await Promise.all([
    backstep.read.statusCounts(),
    backstep.read.deadLetterGroups(),
  ]);
  const openLetters = letters.reduce((sum, { count }) => sum + count, 0);
  return [await region('counts', statusTiles(counts, openLetters))];
}

async function failureRegions({ backstep, nowMs }: HttpContext): Promise<readonly Region[]> {
  const page = { limit: SHOWN_FAILURES, cursor: null };
  const [failures, letters, oldest] = await Promise.all([
    backstep.read.listSagas({ status: TURNED }, page),
    backstep.read.deadLetterGroups(),
    backstep.read.oldestUnmoved(MOVING),
  ]);
  const stuck = oldest === null || !isStuck(oldest, nowMs()) ? null : oldest;
  return Promise.all([
    region('failures', failureTable(failures.items)),
    region('stuck', stuckSaga(stuck, letters)),
  ]);
}

/** A saga that has not moved for this long is worth a look; shorter ones are at work. */
const STUCK_AFTER_MS = 10_000;

function isStuck({ updatedAtMs }: SagaSummary, nowMs: number): boolean {
  return nowMs - updatedAtMs >= STUCK_AFTER_MS;
}
