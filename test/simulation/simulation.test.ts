/** Random runs with every fault switched on, and what makes them worth believing. */
import { beforeAll, expect, test } from 'vitest';
import { failureText } from './report.ts';
import { shrink } from './shrink.ts';
import { type RunResult, simulate } from './simulation.ts';

/** The fixed share that runs with the tests; `npm run simulate` runs as many as one likes. */
const RUNS = 200;
/** A machine with other things to do takes its time. */
const PATIENCE_MS = 120_000;

const run = (seed: number): Promise<RunResult> =>
  simulate({ chance: { kind: 'random', seed, vetoed: new Set() } });

/** By seed, from 1. */
const results: RunResult[] = [];

beforeAll(async () => {
  for (let seed = 1; seed <= RUNS; seed++) results.push(await run(seed));
}, PATIENCE_MS);

test('every oracle holds over random runs with every fault', async () => {
  const failing = results.findIndex(({ violations }) => violations.length > 0);
  if (failing < 0) return;
  const seed = failing + 1;
  const result = (await shrink(seed))?.result ?? results[failing];
  expect.fail(result === undefined ? `seed ${seed}` : failureText(`seed ${seed}`, result));
});

test('one seed replays one run bit for bit', async () => {
  for (const seed of [1, 2, 3]) {
    const again = await run(seed);
    expect(again).toEqual(results[seed - 1]);
    expect(again.commits).toBeGreaterThan(0);
  }
});

test('the runs of a few seeds see crashes, dead letters and every way to end', () => {
  const few = results.slice(0, 60);
  const statuses = new Set(few.flatMap((result) => result.statuses));
  expect([...statuses]).toEqual(expect.arrayContaining(['completed', 'compensated', 'terminated']));
  expect(few.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(60);
  expect(few.reduce((sum, { deadLetters }) => sum + deadLetters, 0)).toBeGreaterThan(0);
});

test('a failing seed is shrunk to the few faults that it needs', async () => {
  const plant = { manners: { fences: false } };
  for (let seed = 1; seed < 200; seed++) {
    const chance = { kind: 'random', seed, vetoed: new Set<string>() } as const;
    const before = await simulate({ chance, plant });
    if (before.violations.length === 0 || before.faults.length < 5) continue;
    const shrunk = await shrink(seed, { plant });
    expect(shrunk?.result.violations[0]?.oracle).toBe(before.violations[0]?.oracle);
    expect(shrunk?.result.faults.length).toBeLessThan(before.faults.length);
    return;
  }
  expect.fail('no seed fails without fences');
});

test('the runs of a few seeds see every kind of fault, and events from outside', () => {
  const kinds = new Set<string>();
  const events = new Set<string>();
  for (const { faults, trace } of results.slice(0, 120)) {
    for (const fault of faults) kinds.add(fault.slice(fault.lastIndexOf('=') + 1));
    if (trace.some((line) => line.includes('tell '))) events.add('told');
  }
  const calls = [
    'transient',
    'permanent',
    'lost',
    'reset',
    'hang',
    'hang-applied',
    'late',
    'twice',
  ];
  const disk = ['slow', 'stalled', 'failed-durable', 'failed-lost', 'rejected'];
  const processes = ['now', 'durable', 'usurped', 'stop', 'jump', 'down'];
  expect([...kinds]).toEqual(expect.arrayContaining([...calls, ...disk, ...processes]));
  expect([...events]).toEqual(['told']);
});
