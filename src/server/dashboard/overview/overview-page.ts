/**
 * `/`: how the whole system is doing, and what needs a person.
 *
 * Invariant: every figure links to the list it counts.
 */
import type { SagaStatus } from '../../../core/status.ts';
import type { SagaSummary } from '../../../store/read-models.ts';
import type { HttpContext } from '../../context.ts';
import { region, type Region, type RegionGroup } from '../../live/page-region.ts';
import type { Page } from '../../page.ts';
import { invariantGroups } from '../services/invariant-group.ts';
import type { Pulse } from './pulse.ts';
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

/** The page. */
export function createOverviewPage(context: HttpContext, pulse: Pulse): Page {
  const { extensions } = context;
  const invariants = invariantGroups(context);
  const groups = [...groupsOf(context, pulse), ...invariants];
  return {
    path: '/',
    title: 'Overview',
    nav: 'Overview',
    groups: () => groups,
    content: (place) => {
      const heads = extensions.flatMap((extension) => extension.overview?.() ?? []);
      return overviewPage({ heads, hasInvariants: invariants.length > 0 }, place);
    },
  };
}

function groupsOf(context: HttpContext, pulse: Pulse): readonly RegionGroup[] {
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
  ];
}

async function countRegions({ backstep, countSagas }: HttpContext): Promise<readonly Region[]> {
  const [counts, letters] = await Promise.all([countSagas(), backstep.read.deadLetterGroups()]);
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
