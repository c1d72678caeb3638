/** How far one turn may run by itself: honest machines never meet the bound, a circle always does. */
import { describe, expect, test } from 'vitest';
import { assign, createActor, enqueueActions, raise, sendTo, setup } from 'xstate';
import { z } from 'zod';
import { defineSaga } from '../../../../src/index.ts';
import type { SagaDefinition } from '../../../../src/core/define/definition.ts';
import { durable } from '../../../../src/core/define/durable.ts';
import { SagaDriver } from '../../turn/saga-driver.ts';

const input = z.object({ wanted: z.array(z.boolean()) });
const ROUNDS = 1_000;

type Wanted = z.infer<typeof input>;
type Calls = Record<string, (input: null) => null>;
interface Counted {
  readonly count: number;
}

/** A loop whose rounds run the steps only where the input says so. */
function loopOf(steps: readonly string[]): SagaDefinition {
  return defineSaga({ id: 'loop', input, activities: {} as Calls })
    .repeat('all', {
      while: ({ input: { wanted }, round }) => round <= wanted.length,
      atMost: ROUNDS,
      steps: (each) => steps.reduce((blocks, name) => blocks.step(name, conditional(name)), each),
    })
    .build();
}

function conditional(name: string) {
  return {
    when: (view: { readonly input: Wanted; readonly round: number }) =>
      view.input.wanted[view.round - 1] === true,
    input: () => null,
    compensate: { activity: `un-${name}`, input: () => null },
  };
}

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `s${index}`);
}

const isBelow =
  (most: number) =>
  ({ context }: { readonly context: Counted }): boolean =>
    context.count < most;

describe('one turn takes as many microsteps as a saga needs', () => {
  test.each([
    ['a thousand rounds of one skipped step', loopOf(['a'])],
    ['a thousand rounds of fifty skipped steps', loopOf(names(50))],
  ])('%s', (_, definition) => {
    const wanted = Array.from({ length: ROUNDS }, () => false);
    expect(new SagaDriver(definition, { wanted }).state.status).toBe('completed');
  });

  test('a thousand skipped rounds after one that ran', () => {
    const wanted = Array.from({ length: ROUNDS }, (__, index) => index === 0);
    const saga = new SagaDriver(loopOf(['a', 'b']), { wanted });
    saga.done('a');
    saga.done('b');
    expect(saga.state.status).toBe('completed');
    expect(saga.state.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'a completed',
      'b completed',
    ]);
  });

  test('five hundred skipped steps one after the other', () => {
    const draft = names(500).reduce(
      (blocks, name) => blocks.step(name, conditional(name)) as typeof blocks,
      defineSaga({ id: 'line', input, activities: {} as Calls }).step(
        'first',
        conditional('first'),
      ),
    );
    expect(new SagaDriver(draft.build(), { wanted: [] }).state.status).toBe('completed');
  });

  test('a thousand rounds of choices that take nothing', () => {
    const definition = defineSaga({ id: 'mixed', input, activities: {} as Calls })
      .choose('way', {
        none: { when: () => false, steps: (way) => way.step('never', conditional('never')) },
      })
      .repeat('all', {
        while: ({ round }) => round <= ROUNDS,
        atMost: ROUNDS,
        steps: (each) =>
          each
            .choose('which', {
              one: { when: () => false, steps: (way) => way.step('x', conditional('x')) },
              two: { when: () => false, steps: (way) => way.step('y', conditional('y')) },
            })
            .step('z', conditional('z')),
      })
      .build();
    expect(new SagaDriver(definition, { wanted: [] }).state.status).toBe('completed');
  });

  test('a list that a hand-written machine goes through item by item', () => {
    const machine = setup({
      types: { context: {} as Counted },
      actions: { up: assign({ count: ({ context }) => context.count + 1 }) },
      guards: { more: isBelow(4_000) },
    }).createMachine({
      id: 'items',
      context: { count: 0 },
      initial: 'looking',
      states: {
        looking: { always: [{ guard: 'more', target: 'taking', actions: 'up' }, 'over'] },
        taking: { always: 'looking' },
        over: { type: 'final' },
      },
    });
    expect(new SagaDriver(durable(machine), null).state.status).toBe('completed');
  });

  test('what a machine raises and sends to itself, one after the other', () => {
    const counting = { context: { count: 0 }, initial: 'on' } as const;
    const kit = setup({
      types: { context: {} as Counted },
      guards: { isBelow: isBelow(2_000) },
      actions: {
        up: assign({ count: ({ context }) => context.count + 1 }),
        raised: raise({ type: 'next' }),
        sent: sendTo(({ self }) => self, { type: 'next' }),
      },
    });
    for (const again of ['raised', 'sent'] as const) {
      const next = [{ guard: 'isBelow' as const, actions: ['up' as const, again] }, 'off' as const];
      const machine = kit.createMachine({
        id: again,
        ...counting,
        states: { on: { entry: again, on: { next } }, off: { type: 'final' } },
      });
      expect(new SagaDriver(durable(machine), null).state.status).toBe('completed');
    }
  });
});

describe('a circle without an end', () => {
  const circle = { id: 'circle', initial: 'start', context: { count: 0 } } as const;
  const kit = setup({
    types: { context: {} as Counted },
    actions: {
      up: assign({ count: ({ context }) => context.count + 1 }),
      enqueued: enqueueActions(({ enqueue, context }) => {
        enqueue.assign({ count: context.count + 1 });
      }),
      again: raise({ type: 'again' }),
      told: sendTo(({ self }) => self, { type: 'again' }),
    },
  });
  const start = { on: { go: 'a' } } as const;

  test.each([
    ['of eventless transitions', 'up', 'round in "b" → "a" → "b"'],
    ['that only the interpreter can follow', 'enqueued', 'round in "a" → "b" → "a"'],
  ] as const)('%s is stopped, naming the machine, the states and the cure', (_, action, states) => {
    const machine = kit.createMachine({
      ...circle,
      states: { start, a: { always: { target: 'b', actions: action } }, b: { always: 'a' } },
    });
    const saga = new SagaDriver(durable(machine), null);
    const went = (): unknown => saga.take({ kind: 'event', id: 'e', event: { type: 'go' } });
    expect(went).toThrow(/^machine "circle": more than 14000 microsteps in one turn/);
    expect(went).toThrow(states);
    expect(went).toThrow('give the circle a guard that ends it, or set options.maxIterations');
  });

  test.each([
    ['raised events', 'again', 'microsteps in one turn, again and again in "a"'],
    ['events it sends to itself', 'told', 'without end, the last one "again" in "a"'],
  ] as const)('of %s is stopped as well', (_, action, says) => {
    const machine = kit.createMachine({
      ...circle,
      states: { start, a: { entry: action, on: { again: { actions: ['up', action] } } } },
    });
    const saga = new SagaDriver(durable(machine), null);
    expect(() => saga.take({ kind: 'event', id: 'e', event: { type: 'go' } })).toThrow(says);
  });

  test('is stopped in the first turn, too', () => {
    const machine = kit.createMachine({
      ...circle,
      initial: 'a',
      states: { a: { entry: 'enqueued', always: 'b' }, b: { always: 'a' } },
    });
    expect(() => new SagaDriver(durable(machine), null)).toThrow('round in "a" → "b" → "a"');
  });
});

describe('the bound', () => {
  const states = { a: { always: 'b' }, b: { always: 'a' } } as const;

  test('is not written into the machine that was given', () => {
    const machine = setup({}).createMachine({ id: 'mine', initial: 'a', states: { a: {} } });
    const definition = durable(machine);
    expect(machine.options.maxIterations).toBe(Infinity);
    expect(definition.machine.options.maxIterations).toBe(12_000);
    expect(durable(machine).hash).toBe(definition.hash);
    expect(createActor(machine).start().getSnapshot().value).toBe('a');
  });

  test('of a machine that brings its own is kept', () => {
    const options = { maxIterations: 7 };
    const machine = setup({}).createMachine({ id: 'own', options, initial: 'a', states });
    expect(() => new SagaDriver(durable(machine), null)).toThrow('more than 7 microsteps');
  });
});
