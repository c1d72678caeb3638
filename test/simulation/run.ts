/**
 * `npm run simulate`: many runs outside the tests. Prints progress and a summary; ends with 1 when
 * a run failed, with its seed, the few faults that it needs, and its last steps.
 *
 *     npm run simulate -- --seed 1 --runs 10000    random runs, every fault switched on
 *     npm run simulate -- --seed 4711 --trace      one seed, step by step
 *     npm run simulate -- --crashes 2              every choice of up to two crashes per scenario
 */
import { parseArgs } from 'node:util';
import { exploreCrashes, SCENARIOS } from './crash-points.ts';
import { failureText, Tally } from './report.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulation.ts';

const DEFAULT_RUNS = 1_000;
const PROGRESS_EVERY_RUNS = 500;
/** Seeds reported in full; more would bury the first. */
const MAX_REPORTS = 5;

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    crashes: { type: 'string' },
    trace: { type: 'boolean' },
  },
});
const failed =
  flags.crashes === undefined
    ? await runSeeds(Number(flags.seed ?? 1), runsWanted())
    : await runCrashes(Number(flags.crashes));
process.exitCode = failed > 0 ? 1 : 0;

async function runSeeds(firstSeed: number, runs: number): Promise<number> {
  const tally = new Tally();
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const result = await simulate({ chance: { kind: 'random', seed, vetoed: new Set() } });
    tally.add(result);
    if (flags.trace === true) console.log(result.trace.join('\n'), result.violations);
    if (result.violations.length > 0 && tally.failed <= MAX_REPORTS) {
      console.log(failureText(`seed ${seed}`, (await shrink(seed))?.result ?? result));
    }
    if ((seed - firstSeed + 1) % PROGRESS_EVERY_RUNS === 0) {
      console.log(`${seed - firstSeed + 1} of ${runs} runs, ${tally.failed} failed`);
    }
  }
  console.log(`seeds ${firstSeed} to ${firstSeed + runs - 1}: ${tally.summary()}`);
  return tally.failed;
}

async function runCrashes(most: number): Promise<number> {
  let runs = 0;
  let failures = 0;
  for (const scenario of SCENARIOS) {
    const explored = await exploreCrashes(scenario, most);
    runs += explored.runs;
    failures += explored.failures.length;
    console.log(`${explored.runs} runs, ${explored.failures.length} failed: ${scenario.name}`);
    for (const { crashes, result } of explored.failures.slice(0, 1)) {
      console.log(failureText(`${scenario.name}, crashes ${JSON.stringify(crashes)}`, result));
    }
  }
  console.log(`up to ${most} crashes in ${SCENARIOS.length} scenarios: ${runs} runs`);
  return failures;
}

function runsWanted(): number {
  return Number(flags.runs ?? (flags.trace === true ? 1 : DEFAULT_RUNS));
}
