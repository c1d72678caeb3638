/** A crash at every point where one makes a difference. */
import { expect, test } from 'vitest';
import { exploreCrashes, SCENARIOS } from './crash-points.ts';
import { failureText } from './report.ts';

/** What may be done twice in the time of the tests; all of them: `npm run simulate -- --crashes 2`. */
const TWO_CRASHES = ['all goes well', 'updateOrder is declined'];
/** A machine with other things to do takes its time. */
const TIMEOUT_MS = 180_000;
/** Fewer would mean that the points are not found any more. */
const MIN_RUNS_WITH_ONE_CRASH = 1_000;
const MIN_RUNS_WITH_TWO_CRASHES = 1_500;

async function explore(scenarios: typeof SCENARIOS, most: number): Promise<number> {
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
  'a good and a bad order survive crashes at any two points',
  async () => {
    const chosen = SCENARIOS.filter(({ name }) => TWO_CRASHES.some((each) => name.endsWith(each)));
    expect(chosen).toHaveLength(4);
    expect(await explore(chosen, 2)).toBeGreaterThan(MIN_RUNS_WITH_TWO_CRASHES);
  },
  TIMEOUT_MS,
);
