/** A crash at every point where one makes a difference; a share of them: crash-points.test.ts. */
import { expect, test } from 'vitest';
import { exploreAll, SCENARIOS, TWICE_CRASHED } from './crash-scenarios.ts';

/** A machine with other things to do takes its time. */
const TIMEOUT_MS = 180_000;
/** Fewer would mean that the points are not found any more. */
const MIN_RUNS_WITH_ONE_CRASH = 6_000;
const MIN_RUNS_WITH_TWO_CRASHES = 3_000;

test(
  'every scenario survives a crash at any one point',
  async () => {
    const { runs, failures } = await exploreAll(SCENARIOS, { most: 1 });
    expect(failures).toEqual([]);
    expect(runs).toBeGreaterThan(MIN_RUNS_WITH_ONE_CRASH);
  },
  TIMEOUT_MS,
);

test(
  'good and bad sagas survive crashes at any two points',
  async () => {
    const { runs, failures } = await exploreAll(TWICE_CRASHED, { most: 2 });
    expect(failures).toEqual([]);
    expect(runs).toBeGreaterThan(MIN_RUNS_WITH_TWO_CRASHES);
  },
  TIMEOUT_MS,
);
