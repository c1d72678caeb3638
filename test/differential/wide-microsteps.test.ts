/**
 * Microsteps that are worked out in one region, against XState's own interpreter: every machine that this
 * repository has as if it were wide, and machines with branches that have all that a region may have.
 */
import { describe, expect, test } from 'vitest';
import { type AnyStateMachine, createMachine } from 'xstate';
import {
  entryOfSnapshot,
  type Table,
  tableOf,
} from '../../src/core/machine/macrostep/microstep-table.ts';
import { enterMachine, stepMachine } from '../../src/core/machine/macrostep/scope.ts';
import { OF_CASES, OF_SAGAS, walkAsWide } from './microstep-walks.ts';

/** Branches side by side with all that a region may have: ends, tags, eventless ways, regions of its own. */
function yardOf(branches: number): AnyStateMachine {
  const numbers = Array.from({ length: branches }, (_, nth) => nth);
  const plain = (nth: number) => ({
    initial: 'idle',
    states: {
      idle: { on: { [`go${nth}`]: 'busy', [`skip${nth}`]: 'done' } },
      busy: { tags: [`busy${nth % 3}`], on: { [`go${nth}`]: 'done', [`back${nth}`]: 'idle' } },
      done: { type: 'final' as const },
    },
  });
  const hasty = (nth: number) => ({
    initial: 'idle',
    states: {
      idle: { on: { [`go${nth}`]: 'seen' } },
      seen: { always: 'kept', tags: ['seen'] },
      kept: { on: { [`go${nth}`]: { target: 'done' }, again: { target: 'kept', reenter: true } } },
      done: { type: 'final' as const },
    },
  });
  const double = (nth: number) => ({
    initial: 'two',
    states: {
      two: {
        type: 'parallel' as const,
        states: { left: plain(nth), right: plain(nth + branches) },
        onDone: 'done',
        on: { [`leave${nth}`]: 'done' },
      },
      done: { type: 'final' as const },
    },
  });
  const kinds = [plain, hasty, double];
  const regions = numbers.map((nth) => [`b${nth}`, (kinds[nth % 3] ?? plain)(nth)] as const);
  return createMachine({
    id: `yard${branches}`,
    initial: 'all',
    on: { stop: '.over' },
    states: {
      all: { type: 'parallel', states: Object.fromEntries(regions), onDone: 'over' },
      over: { type: 'final' },
    },
  });
}

describe('a microstep of one region', () => {
  test.each([...OF_SAGAS, ...OF_CASES])('takes the steps of %s region by region', (_, machine) => {
    expect(walkAsWide(machine).steps).toBeGreaterThan(0);
  });

  test.each([3, 20])('takes %i branches to their end as XState does', (branches) => {
    const { byTable, steps } = walkAsWide(yardOf(branches));
    expect(byTable).toBe(steps);
  });

  test('keeps no configuration of a machine that is in many states at once', () => {
    const machine = yardOf(30);
    const self = { id: 'saga-1', parentId: null, ledger: () => [] };
    let { snapshot } = enterMachine(machine, self, null);
    const table = tableOf(machine);
    const first = table?.entries.size;
    for (let nth = 0; nth < 29; nth += 1) {
      snapshot = stepMachine(snapshot, self, { type: `go${(nth * 7) % 30}` }).snapshot;
      snapshot = stepMachine(snapshot, self, { type: `go${(nth * 7) % 30}` }).snapshot;
    }
    expect(table?.entries.size).toBe(first);
    expect(entryOfSnapshot(table as Table, snapshot).plans.size).toBe(0);
    expect(snapshot.value).toMatchObject({
      all: { b0: 'done', b7: 'done', b23: { two: { left: 'idle' } } },
    });
  });
});
