/**
 * The table of microsteps against XState's own interpreter: the same snapshots and commands at
 * every step of random walks, for every machine that this repository has.
 */
import { describe, expect, test } from 'vitest';
import { type AnyMachineSnapshot, createMachine } from 'xstate';
import { nodesOf } from '../../src/core/machine/machine-nodes.ts';
import {
  entryOfSnapshot,
  MAX_KEPT_STATES,
  tableOf,
} from '../../src/core/machine/macrostep/microstep-table.ts';
import { enterMachine, stepMachine } from '../../src/core/machine/macrostep/scope.ts';
import { OF_CASES, OF_SAGAS, walkOften, WALKS } from './microstep-walks.ts';

describe('the table of microsteps', () => {
  test.each(OF_SAGAS)('takes every step of %s as XState does', (_, machine) => {
    const { byTable, restored, steps } = walkOften(machine);
    expect(steps).toBeGreaterThan(WALKS);
    const hasHistory = nodesOf(machine).some(({ type }) => type === 'history');
    expect(byTable).toBe(hasHistory ? 0 : steps);
    // Every walk's last step is not followed by another.
    expect(restored).toBeGreaterThanOrEqual(hasHistory ? 0 : steps - WALKS);
  });

  test.each(OF_CASES)('takes a step of %s as XState does, or leaves it to XState', (_, machine) => {
    expect(walkOften(machine).steps).toBeGreaterThan(0);
  });

  test('forgets what it knows of a machine that comes to too many configurations, and goes on', () => {
    const names = Array.from({ length: 13 }, (_, index) => `r${index}`);
    const region = (name: string) => ({
      initial: 'off',
      states: { off: { on: { [name]: 'on' } }, on: { on: { [name]: 'off', same: 'on' } } },
    });
    const regions = Object.fromEntries(names.map((name) => [name, region(name)]));
    const machine = createMachine({ id: 'switches', type: 'parallel', states: regions });
    const self = { id: 'saga-1', parentId: null, ledger: () => [] };
    const step = (from: AnyMachineSnapshot, type: string): AnyMachineSnapshot =>
      stepMachine(from, self, { type }).snapshot;
    const table = tableOf(machine);
    if (table === null) throw new Error('the machine has no table');
    const { snapshot: first } = enterMachine(machine, self, null);
    const states = 1 + 2 * names.length; // the root, and a region with its state for each
    let snapshot = first;
    const isOn = names.map(() => false);
    for (let count = 1; count < MAX_KEPT_STATES / states + 200; count++) {
      // A Gray code: one switch at a time through every configuration there is.
      const index = Math.log2(count & -count);
      snapshot = step(snapshot, `r${index}`);
      isOn[index] = isOn[index] !== true;
      const expected = isOn.map((on, at) => [`r${at}`, on ? 'on' : 'off']);
      expect(snapshot.value).toEqual(Object.fromEntries(expected));
      expect(step(snapshot, 'same')).toBe(snapshot);
      expect(table.size).toBeLessThanOrEqual(MAX_KEPT_STATES);
    }
    expect(table.entries.size).toBeLessThan(210);
    // A snapshot that is still in use keeps its own configuration, and none that it led to.
    expect(entryOfSnapshot(table, first).plans.size).toBe(0);
    expect(step(first, 'r0').value).toMatchObject({ r0: 'on', r1: 'off' });
  });
});
