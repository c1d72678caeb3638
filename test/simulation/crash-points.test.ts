/**
 * A crash at a share of the points where one makes a difference, the same ones at every run, in
 * another place of each scenario; at all of them: crash-points.long.test.ts.
 */
import { expect, test } from 'vitest';
import { exploreAll, SCENARIOS, TWICE_CRASHED } from './crash-scenarios.ts';

/** A machine with other things to do takes its time. */
const TIMEOUT_MS = 120_000;
/** Fewer would mean that the points are not found any more. */
const MIN_RUNS_WITH_ONE_CRASH = 200;
const MIN_RUNS_WITH_TWO_CRASHES = 100;

test(
  'every scenario survives a crash at one point in forty',
  async () => {
    const { runs, failures } = await exploreAll(SCENARIOS, { most: 1, oneOf: 40 });
    expect(failures).toEqual([]);
    expect(runs).toBeGreaterThan(MIN_RUNS_WITH_ONE_CRASH);
  },
  TIMEOUT_MS,
);

test('good and bad sagas survive crashes at two points of them', async () => {
  const { runs, failures } = await exploreAll(TWICE_CRASHED, { most: 2, oneOf: 6 });
  expect(failures).toEqual([]);
  expect(runs).toBeGreaterThan(MIN_RUNS_WITH_TWO_CRASHES);
});
