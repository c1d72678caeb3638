/** Paths that are made from a saga: they cover its drawing, they run, and they find mistakes. */
import '../../src/testing/vitest.ts';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { loadSagas } from '../../src/cli/saga-modules.ts';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import type { Failure } from '../../src/core/failure.ts';
import type { CommandName } from '../../src/core/turn/inbound.ts';
import { coverageOf, pathsOf } from '../../src/testing/paths.ts';
import { tripSaga } from '../runtime/trip-saga.ts';

const MACHINES = fileURLToPath(new URL('../../machines', import.meta.url));

const machines = await loadSagas([MACHINES]);
if (machines.kind === 'mistake') throw new Error(machines.message);

describe.each(machines.definitions)('the $id saga', (saga) => {
  test('has every transition of its drawing on a path', () => {
    const { untaken, isExhaustive } = coverageOf(saga);
    // A loop that never wants more rounds than it may have is as it should be.
    const other = untaken.filter((name) => !name.includes('.unending'));
    expect({ other, isExhaustive }).toEqual({ other: [], isExhaustive: true });
  });

  test.each(pathsOf(saga))('is sound on path $name', (path) => {
    expect(path.run()).toBeSound();
  });
});

describe('paths', () => {
  test('end where the saga is settled, and start over at every run', () => {
    const paths = pathsOf(tripSaga);
    const statuses = new Set(paths.map((path) => path.run().status));
    expect(statuses).toEqual(new Set(['completed', 'compensated', 'compensation_failed']));
    const [first] = paths;
    expect(first?.run()).toEqual(first?.run());
  });

  test('cover every move in every state when that is asked for', () => {
    const paths = pathsOf(tripSaga, { cover: 'move', maxSimplePaths: 0 });
    expect(paths.length).toBeGreaterThan(pathsOf(tripSaga, { maxSimplePaths: 0 }).length * 3);
    for (const path of paths) expect(path.run()).toBeSound();
  });

  test('are all simple ones where there are few', () => {
    const saga = twoSteps('release');
    const few = pathsOf(saga);
    expect(few.length).toBeGreaterThan(pathsOf(saga, { maxSimplePaths: 0 }).length);
    expect(new Set(few.map(({ moves }) => moves.join())).size).toBe(few.length);
  });

  test('show a saga that compensates in the order of its starts', () => {
    expect(() => {
      for (const path of pathsOf(twoSteps('refund'))) expect(path.run()).toBeSound();
    }).not.toThrow();
    expect(() => {
      for (const path of pathsOf(twoSteps('release'))) expect(path.run()).toBeSound();
    }).toThrow('it compensated hold, then charge, not charge, then hold');
  });

  test('leave out, and name, the transitions that nothing leads to', () => {
    const guarded = durable(
      kit.createMachine({
        id: 'guarded',
        initial: 'asking',
        states: {
          asking: { on: { told: { guard: ({ event }) => event.sum > 5, target: 'done' } } },
          done: { type: 'final' },
        },
      }),
    );
    expect(coverageOf(guarded).untaken).toEqual(['guarded.asking on told → guarded.done']);
    const events = { told: [{ sum: 6 }] };
    expect(coverageOf(guarded, { events }).untaken).toEqual([]);
    expect(pathsOf(guarded, { events }).map(({ moves }) => moves)).toEqual([['event told']]);
  });

  test('are found of a machine that counts, which has a state for every number', () => {
    const counting = durable(
      setup({
        types: {
          context: {} as { readonly count: number },
          events: {} as { type: 'more' } | { type: 'enough' },
        },
      }).createMachine({
        id: 'counting',
        initial: 'on',
        context: { count: 0 },
        states: {
          on: {
            on: {
              more: { actions: assign({ count: ({ context }) => context.count + 1 }) },
              enough: 'off',
            },
          },
          off: { type: 'final' },
        },
      }),
    );
    const paths = pathsOf(counting); // as many as cover the drawing: there are too many simple ones
    expect(new Set(paths.flatMap(({ moves }) => moves))).toEqual(
      new Set(['event more', 'event enough']),
    );
    expect(paths.every((path) => path.run().status === 'completed')).toBe(true);
  });
});

const kit = setup({
  types: { events: {} as { type: 'told'; sum: number } | { type: `backstep.${CommandName}` } },
  actors: {
    hold: activity<null, null>(),
    charge: activity<null, null>(),
    ship: activity<null, null>(),
    release: activity<null, null>(),
    refund: activity<null, null>(),
  },
});

/** Three steps; when the last one fails, the other two are compensated, the given one first. */
function twoSteps(first: 'release' | 'refund') {
  const call = (src: 'hold' | 'charge', onDone: string, onError: string) => ({
    invoke: { id: src, src, input: null, onDone, onError },
  });
  // A parcel that may be on its way is for a person.
  const isLost = ({ event: { error } }: { event: { error: unknown } }): boolean =>
    (error as Failure).ambiguous;
  const back = first === 'release' ? 'releasing' : 'refunding';
  const undo = (src: 'release' | 'refund', onDone: string) => ({
    tags: ['compensating'],
    meta: { compensates: src === 'release' ? 'hold' : 'charge' },
    invoke: { id: src, src, input: null, onDone, onError: 'stuck' },
  });
  return durable(
    kit.createMachine({
      id: 'two-steps',
      initial: 'holding',
      states: {
        holding: call('hold', 'charging', 'stuck'),
        charging: call('charge', 'shipping', 'stuck'),
        shipping: {
          invoke: {
            id: 'ship',
            src: 'ship',
            input: null,
            onDone: 'shipped',
            onError: [{ guard: isLost, target: 'lost' }, back],
          },
        },
        releasing: undo('release', first === 'release' ? 'refunding' : 'undone'),
        refunding: undo('refund', first === 'release' ? 'undone' : 'releasing'),
        lost: { tags: ['failed'], on: { 'backstep.retry': 'shipping' } },
        shipped: { type: 'final' },
        undone: { type: 'final', tags: ['compensated'] },
        stuck: { tags: ['compensation_failed'], on: { 'backstep.retry': 'refunding' } },
      },
    }),
  );
}
