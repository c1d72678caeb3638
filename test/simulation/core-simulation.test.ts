/** The pure core alone, under random outcomes: a fixed share of what `npm run simulate` can do. */
import { expect, test } from 'vitest';
import { simulateCore } from './core-simulation.ts';
import { coreFailureText, CoreTally } from './report.ts';
import { inPresentRound, shrugsOffFailedCompensation, unheld } from './redrawn.ts';
import { redrawnAs } from './sim-saga.ts';
import { LEGS, ORDER, SIM_SAGAS } from './sim-sagas.ts';

const RUNS = 1_000;

test.each([...SIM_SAGAS.values()])(
  'the $definition.id saga leaves nothing half done under random outcomes',
  (saga) => {
    const tally = new CoreTally();
    const failures: string[] = [];
    for (let seed = 1; seed <= RUNS && failures.length === 0; seed++) {
      const result = simulateCore(seed, saga);
      tally.add(result);
      if (result.fault !== null) failures.push(coreFailureText(`seed ${seed}`, result));
    }
    expect(failures).toEqual([]);
    const hasWayBack = saga.definition.steps.some(({ compensation }) => compensation !== null);
    const ends = hasWayBack ? /completed.*compensated|compensated.*completed/ : /completed/;
    expect(tally.summary()).toMatch(ends);
  },
);

test('one seed gives one run', () => {
  expect(simulateCore(7)).toEqual(simulateCore(7));
});

test('a drawing that shrugs off a failed compensation is found out', () => {
  const defective = redrawnAs(ORDER, unheld(shrugsOffFailedCompensation(ORDER.definition)));
  const results = Array.from({ length: RUNS }, (_, seed) => simulateCore(seed + 1, defective));
  expect(results.map(({ fault }) => fault)).toContain('compensated and reserveInventory stands');
});

test('a loop that undoes a round with what another one has brought is found out', () => {
  const defective = redrawnAs(LEGS, inPresentRound(LEGS.definition));
  const results = Array.from({ length: RUNS }, (_, seed) => simulateCore(seed + 1, defective));
  const faults = results.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  expect(faults.some((fault) => fault.includes('which brought'))).toBe(true);
});

test('the same drawing held to its ledger parks instead, and says what stands', () => {
  const held = redrawnAs(ORDER, shrugsOffFailedCompensation(ORDER.definition));
  const results = Array.from({ length: RUNS }, (_, seed) => simulateCore(seed + 1, held));
  const faults = results.flatMap(({ fault }) => (fault === null ? [] : [fault]));
  expect(faults.length).toBeGreaterThan(0);
  for (const fault of faults) {
    expect(fault).toMatch(/^parked: it would end compensated .*"reserveInventory" could not be/);
  }
});
