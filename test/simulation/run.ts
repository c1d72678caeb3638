/**
 * `npm run simulate`: many runs outside the tests. Prints progress and a summary; ends with 1 when
 * a run failed, with its seed, the few faults that it needs, and its last steps.
 */
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import { simulateCore } from './core-simulation.ts';
import { exploreCrashes } from './crash-points.ts';
import { SCENARIOS } from './crash-scenarios.ts';
import { Progress } from './progress.ts';
import { coreFailureText, CoreTally, failureText, Tally } from './report.ts';
import { shrink } from './shrink.ts';
import type { SimSaga } from './sim-saga.ts';
import { SIM_SAGAS } from './sim-sagas.ts';
import { simulate } from './simulation.ts';

const USAGE = `npm run simulate -- --seed 1 --runs 10000    random runs, every fault switched on
npm run simulate -- --saga trip --runs 1000  of one saga only
npm run simulate -- --seed 4711 --trace      one seed, step by step
npm run simulate -- --crashes 2              every choice of up to two crashes per scenario
npm run simulate -- --core --runs 1000000    the pure core alone, under random outcomes`;

const DEFAULT_RUNS = 1_000;
/** Seeds reported in full; more would bury the first. */
const MAX_REPORTS = 5;

// Refusals are errors, by the thousand, and nobody looks at where they came from.
Error.stackTraceLimit = 0;

const flags = readFlags(USAGE, {
  seed: { type: 'string' },
  runs: { type: 'string' },
  saga: { type: 'string' },
  crashes: { type: 'string' },
  core: { type: 'boolean' },
  trace: { type: 'boolean' },
});
const failed = await run();
process.exitCode = failed > 0 ? 1 : 0;

async function run(): Promise<number> {
  const seed = countOf('seed', 1);
  if (flags.crashes !== undefined) return runCrashes(countOf('crashes', 1));
  return flags.core === true ? runCore(seed, runsWanted()) : runSeeds(seed, runsWanted());
}

async function runSeeds(firstSeed: number, runs: number): Promise<number> {
  const tally = new Tally();
  const progress = new Progress(runs);
  const only = sagaWanted();
  const options = only === null ? {} : { saga: only };
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const chance = { kind: 'random', seed, vetoed: new Set<string>() } as const;
    const result = await simulate({ ...options, chance });
    tally.add(result);
    if (flags.trace === true) console.log(result.trace.join('\n'), result.violations);
    if (result.violations.length > 0 && tally.failed <= MAX_REPORTS) {
      console.log(failureText(`seed ${seed}`, (await shrink(seed, options))?.result ?? result));
    }
    progress.tell(tally.runs, tally.failed);
  }
  console.log(`seeds ${firstSeed} to ${firstSeed + runs - 1}: ${tally.summary()}`);
  console.log(progress.rate(tally.runs));
  return tally.failed;
}

function runCore(firstSeed: number, runs: number): number {
  const tally = new CoreTally();
  const progress = new Progress(runs);
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const result = simulateCore(seed, sagaWanted());
    tally.add(result);
    if (result.fault !== null && tally.failed <= MAX_REPORTS) {
      console.log(coreFailureText(`seed ${seed}`, result));
    }
    progress.tell(tally.runs, tally.failed);
  }
  console.log(`core, seeds ${firstSeed} to ${firstSeed + runs - 1}: ${tally.summary()}`);
  console.log(progress.rate(tally.runs));
  return tally.failed;
}

async function runCrashes(most: number): Promise<number> {
  let runs = 0;
  let failures = 0;
  const progress = new Progress();
  const only = sagaWanted();
  const wanted = SCENARIOS.filter(
    ({ saga }) => only === null || saga.definition === only.definition,
  );
  for (const scenario of wanted) {
    const explored = await exploreCrashes(scenario, {
      most,
      tell: (done) => progress.tell(runs + done, failures),
    });
    runs += explored.runs;
    failures += explored.failures.length;
    console.log(`${explored.runs} runs, ${explored.failures.length} failed: ${scenario.name}`);
    for (const { crashes, result } of explored.failures.slice(0, 1)) {
      console.log(failureText(`${scenario.name}, crashes ${JSON.stringify(crashes)}`, result));
    }
  }
  console.log(`up to ${most} crashes in ${wanted.length} scenarios: ${runs} runs`);
  console.log(progress.rate(runs));
  return failures;
}

function runsWanted(): number {
  return countOf('runs', flags.trace === true ? 1 : DEFAULT_RUNS);
}

function countOf(flag: 'seed' | 'runs' | 'crashes', otherwise: number): number {
  const count = Number(flags[flag] ?? otherwise);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  refuse(`--${flag} is a whole number, not "${flags[flag]}"`, USAGE);
}

function sagaWanted(): SimSaga | null {
  if (flags.saga === undefined) return null;
  const saga = SIM_SAGAS.get(flags.saga);
  if (saga !== undefined) return saga;
  refuse(`no saga "${flags.saga}"; there are ${[...SIM_SAGAS.keys()].join(', ')}`, USAGE);
}
