/** Random runs with every fault switched on, and what makes them worth believing. */
import { expect, test } from 'vitest';
import { failureText, Tally } from './report.ts';
import { shrink } from './shrink.ts';
import { type RunResult, simulate } from './simulation.ts';

/** The fixed share that runs with the tests; `npm run simulate` runs as many as one likes. */
const RUNS = 200;

const run = (seed: number): Promise<RunResult> =>
  simulate({ chance: { kind: 'random', seed, vetoed: new Set() } });

test('every oracle holds over random runs with every fault', async () => {
  const tally = new Tally();
  const failures: string[] = [];
  for (let seed = 1; seed <= RUNS && failures.length === 0; seed++) {
    const result = await run(seed);
    tally.add(result);
    if (result.violations.length === 0) continue;
    failures.push(failureText(`seed ${seed}`, (await shrink(seed))?.result ?? result));
  }
  expect(failures).toEqual([]);
  expect(tally.runs).toBe(RUNS);
});

test('one seed replays one run bit for bit', async () => {
  for (const seed of [1, 2, 3]) {
    const [first, second] = [await run(seed), await run(seed)];
    expect(second).toEqual(first);
    expect(first.commits).toBeGreaterThan(0);
  }
});

test('the runs of a few seeds see crashes, dead letters and every way to end', async () => {
  const results: RunResult[] = [];
  for (let seed = 1; seed <= 60; seed++) results.push(await run(seed));
  const statuses = new Set(results.flatMap((result) => result.statuses));
  expect([...statuses]).toEqual(expect.arrayContaining(['completed', 'compensated', 'terminated']));
  expect(results.reduce((sum, { crashes }) => sum + crashes, 0)).toBeGreaterThan(60);
  expect(results.reduce((sum, { deadLetters }) => sum + deadLetters, 0)).toBeGreaterThan(0);
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

test('the runs of a few seeds see every kind of fault, and every simulated saga', async () => {
  const kinds = new Set<string>();
  const events = new Set<string>();
  for (let seed = 1; seed <= 120; seed++) {
    const { faults, trace } = await run(seed);
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
