/** What cannot run durably is refused with the place and the cure. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AnyStateMachine, fromPromise, setup } from 'xstate';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/definition.ts';
import { exponential } from '../../src/core/retry-policy.ts';
import { defineSaga } from '../../src/core/saga.ts';

const kit = setup({
  actors: { book: activity<null, null>(), unbook: activity<null, null>() },
  delays: { soon: 1_000, 'book.timeout': 1_000, 'book.retry': 500 },
  actions: { mail: () => {} },
});

describe('a hand-written machine', () => {
  test('is read: steps, compensations, the roles of its delays', () => {
    const machine = kit.createMachine({
      id: 'hotel',
      initial: 'booking',
      states: {
        booking: {
          meta: { step: 'book', kind: 'compensatable' },
          invoke: { id: 'book', src: 'book', input: null, onDone: 'end', onError: 'undoing' },
          after: { 'book.timeout': 'undoing', soon: 'undoing' },
        },
        undoing: {
          tags: ['compensating'],
          meta: { compensates: 'book' },
          invoke: { id: 'unbook', src: 'unbook', input: null, onDone: 'end' },
        },
        end: { type: 'final' },
      },
    });
    const definition = durable(machine);
    expect(definition.steps).toEqual([
      { name: 'book', kind: 'compensatable', compensation: 'unbook' },
    ]);
    expect(definition.activities).toEqual(['book', 'unbook']);
    expect([...definition.timers.values()]).toEqual([
      { kind: 'attempt-timeout', activity: 'book' },
      { kind: 'wait', delay: 'soon' },
    ]);
    expect(definition.machine.options.maxIterations).toBe(100);
  });

  const state = (config: object) =>
    kit.createMachine({
      id: 'hotel',
      initial: 'a',
      states: { a: config },
    } as never) as unknown as AnyStateMachine;

  test.each([
    ['a numeric delay', state({ after: { 1000: 'a' } }), 'numeric delay 1000'],
    ['an unknown delay', state({ after: { later: 'a' } }), 'unknown delay "later"'],
    ['an invoke without id', state({ invoke: { src: 'book' } }), 'without an id'],
    [
      'inline logic',
      state({ invoke: { id: 'x', src: fromPromise(() => Promise.resolve()) } }),
      'invokes inline logic',
    ],
    ['an unknown activity', state({ invoke: { id: 'x', src: 'fly' } }), 'unknown "fly"'],
    ['a custom action', state({ entry: 'mail' }), 'custom action "mail"'],
    ['an inline action', state({ exit: () => {} }), 'custom action'],
    ['a systemId', state({ invoke: { id: 'x', src: 'book', systemId: 's' } }), 'systemId'],
  ])('with %s is refused', (_, machine, message) => {
    expect(() => durable(machine)).toThrow(message);
    expect(() => durable(machine)).toThrow(/machine "hotel".*; /);
  });

  test('without an id is refused', () => {
    expect(() => durable(setup({}).createMachine({}))).toThrow('the machine has no id');
  });

  test('with the same invoke id twice is refused', () => {
    const twice = { invoke: { id: 'x', src: 'book' as const, input: null } };
    const machine = kit.createMachine({ id: 'h', initial: 'a', states: { a: twice, b: twice } });
    expect(() => durable(machine)).toThrow('both invoke with id "x"');
  });
});

describe('a builder saga', () => {
  type Any = Record<string, (input: null) => null>;
  const begin = (id: string) => defineSaga<Any>()({ id, input: z.null() });
  const compensate = { activity: 'undo', input: () => null };

  test('without steps is refused', () => {
    expect(() => begin('empty').build()).toThrow('saga "empty": it has no step');
  });

  test('that uses an activity twice is refused', () => {
    const draft = begin('twice')
      .step('one', { input: () => null, compensate })
      .step('two', { input: () => null, compensate });
    expect(() => draft.build()).toThrow('activity "undo" is used twice');
  });

  test('with a wrong name, time or policy is refused, naming the place', () => {
    expect(() =>
      begin('a b')
        .step('x', { input: () => null, compensate })
        .build(),
    ).toThrow('the id must be letters');
    expect(() => begin('s').step('x', { input: () => null, timeout: -1, compensate })).toThrow(
      'saga "s", step "x": timeout: "-1" is not a duration',
    );
    expect(() => exponential({ attempts: 0 })).toThrow('attempts is 0');
    expect(() => exponential({ factor: 0.5 })).toThrow('factor is 0.5');
  });
});
