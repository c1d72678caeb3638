/**
 * `npm run mutants`: `verify` over random sagas and mistakes in them. Prints the score; ends with 1
 * when a harmful mistake was missed, a sound saga accused, or a finding whose way shows nothing.
 * With `--crashes` the real engine runs the sagas instead, and one that does not come through ends
 * it with 1.
 */
import { readFlags, refuse } from '../fixtures/tool-flags.ts';
import { crashSubject } from './crashes.ts';
import { Score } from './score.ts';

const USAGE = `npm run mutants -- --sagas 1000 --seed 1   random sagas from this seed on
npm run mutants -- --mutants 6             mistakes a saga, default 3
npm run mutants -- --crashes 1             no mistakes: each saga killed everywhere, 1 or 2 times
npm run mutants -- --json                  the score as JSON`;

/** Told in full; more would bury the first. */
const MAX_TOLD = 5;
const TOLD_EVERY_MS = 60_000;

// Refused mutants are errors, by the thousand, and nobody looks at where they came from.
Error.stackTraceLimit = 0;

const flags = readFlags(USAGE, {
  sagas: { type: 'string' },
  seed: { type: 'string' },
  mutants: { type: 'string' },
  crashes: { type: 'string' },
  json: { type: 'boolean' },
});
const startedMs = performance.now();
const first = countOf('seed', 1);
const sagas = countOf('sagas', 200);
if (flags.crashes === undefined) scoreVerify();
else await killEverywhere(crashesAsked());

function scoreVerify(): void {
  const score = new Score();
  let toldMs = startedMs;
  for (let seed = first; seed < first + sagas; seed++) {
    score.add(seed, countOf('mutants', 3));
    if (performance.now() - toldMs < TOLD_EVERY_MS) continue;
    toldMs = performance.now();
    console.error(`${score.sagas} sagas, ${score.mutants} mutants, ${score.misses.length} missed`);
  }
  console.log(
    flags.json === true ? JSON.stringify({ ...score.toJSON(), seconds: seconds() }) : textOf(score),
  );
  process.exitCode = score.isPerfect ? 0 : 1;
}

async function killEverywhere(maxCrashes: 1 | 2): Promise<void> {
  const failures: string[] = [];
  let runs = 0;
  for (let seed = first; seed < first + sagas; seed++) {
    const { report, failure } = await crashSubject(seed, maxCrashes);
    runs += report?.runs ?? 0;
    if (failure !== null) failures.push(failure);
  }
  const count = `${sagas} sagas, ${runs} runs with up to ${maxCrashes} crashes`;
  const figures = { sagas, runs, failures: failures.length, seconds: seconds() };
  console.log(
    flags.json === true
      ? JSON.stringify(figures)
      : [
          `seeds ${first} to ${first + sagas - 1}: ${count}, ${failures.length} failed, ${seconds()} s`,
          ...section('FAILED', failures),
        ].join('\n'),
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function crashesAsked(): 1 | 2 {
  if (flags.crashes === '1') return 1;
  if (flags.crashes === '2') return 2;
  refuse(`--crashes is 1 or 2, not "${flags.crashes}"`, USAGE);
}

function seconds(): number {
  return Math.round((performance.now() - startedMs) / 100) / 10;
}

function textOf(score: Score): string {
  const { alarms, unsound, misses, unshown, unproved, verdicts } = score;
  const counts = [...verdicts].map(([verdict, count]) => `${count} ${verdict}`).join(', ');
  const blocks = [...score.blocks].map(([block, count]) => `${count} ${block}`).join(', ');
  return [
    `seeds ${first} to ${first + sagas - 1}: ${score.sagas} sagas of ${blocks}`,
    `${score.mutants} mutants of ${score.kinds.size} kinds: ${counts}`,
    `${alarms.length} alarms on sound sagas, ${unsound.length} sound sagas that did harm, ` +
      `${score.unexplored} not explored to the end, ${seconds()} s`,
    ...section('MISSED', misses),
    ...section('FALSE ALARM', alarms),
    ...section('UNSOUND', unsound),
    ...section('NOT SHOWN', unshown),
    ...section('NOT PROVED', unproved),
  ].join('\n');
}

/** The shortest first: the smallest example is the one to look at. */
function section(title: string, list: readonly string[]): readonly string[] {
  const shortest = list.toSorted((one, other) => one.length - other.length).slice(0, MAX_TOLD);
  return shortest.map((each) => `${title} ${each}`);
}

function countOf(flag: 'sagas' | 'seed' | 'mutants', otherwise: number): number {
  const count = Number(flags[flag] ?? otherwise);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  refuse(`--${flag} is a whole number, not "${flags[flag]}"`, USAGE);
}
