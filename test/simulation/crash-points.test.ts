/** A crash at every point where one makes a difference. */
import { expect, test } from 'vitest';
import { exploreCrashes, type Scenario } from './crash-points.ts';
import { SCENARIOS } from './crash-scenarios.ts';
import { failureText } from './report.ts';

/** What may be done twice in the time of the tests; all of them: `npm run simulate -- --crashes 2`. */
const TWO_CRASHES = [
  'order, transactional: all goes well',
  'order, transactional: updateOrder is declined',
  'order, remote: all goes well',
  'order, remote: updateOrder is declined',
  'trip, remote: all goes well',
  'trip, remote: chargeTrip is declined',
  'onboarding, remote: all goes well',
  'onboarding, transactional: the second account is declined',
  'instalments, remote: charge is transient from its second call on',
  'group, remote: the job is given up past its pivot, and the team is declined',
];
/** A machine with other things to do takes its time. */
const TIMEOUT_MS = 180_000;
/** Fewer would mean that the points are not found any more. */
const MIN_RUNS_WITH_ONE_CRASH = 6_000;
const MIN_RUNS_WITH_TWO_CRASHES = 3_000;

async function explore(scenarios: readonly Scenario[], most: number): Promise<number> {
  let runs = 0;
  for (const scenario of scenarios) {
    const explored = await exploreCrashes(scenario, most);
    runs += explored.runs;
    const failures = explored.failures.map(({ crashes, result }) =>
      failureText(`${scenario.name}, crashes ${JSON.stringify(crashes)}`, result),
    );
    expect(failures).toEqual([]);
  }
  return runs;
}

test(
  'every scenario survives a crash at any one point',
  async () => {
    expect(await explore(SCENARIOS, 1)).toBeGreaterThan(MIN_RUNS_WITH_ONE_CRASH);
  },
  TIMEOUT_MS,
);

test(
  'good and bad sagas survive crashes at any two points',
  async () => {
    const chosen = SCENARIOS.filter(({ name }) => TWO_CRASHES.includes(name));
    expect(chosen).toHaveLength(TWO_CRASHES.length);
    expect(await explore(chosen, 2)).toBeGreaterThan(MIN_RUNS_WITH_TWO_CRASHES);
  },
  TIMEOUT_MS,
);
