/** What cannot run durably is refused with the place and the cure. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { and, type AnyStateMachine, not, sendTo, setup } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { exponential } from '../../../src/core/retry-policy.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';

const asyncGuard = async (): Promise<boolean> => Promise.resolve(true);

const kit = setup({
  guards: { late: asyncGuard as never },
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
  });

  test('that was changed after it was made is refused: what runs is made of its config', () => {
    const machine = kit.createMachine({ id: 'late', on: { GO: {} } });
    const { transitions } = machine.root;
    transitions.set('STAY', transitions.get('GO') ?? []);
    expect(() => durable(machine)).toThrow(
      'state "late" takes other events than its config says; change the config before',
    );
  });

  const state = (config: object) =>
    kit.createMachine({
      id: 'hotel',
      initial: 'a',
      states: { a: config },
    } as never) as unknown as AnyStateMachine;

  test.each([
    ['a negative delay', state({ after: { '-5': 'a' } }), 'the delay -5'],
    ['an unknown delay', state({ after: { later: 'a' } }), 'unknown delay "later"'],
    [
      'an order that no person gives',
      state({ on: { 'backstep.cancell': 'a' } }),
      'waits for "backstep.cancell", which Backstep never sends (did you mean "backstep.cancel"?)',
    ],
    ['a guard that nobody wrote', state({ always: { guard: 'odd', target: 'a' } }), 'guard "odd"'],
    [
      'a part of a guard that nobody wrote',
      state({ on: { go: { guard: and([() => true, not('odd')]), target: 'a' } } }),
      'the guard "odd" on "go"',
    ],
    [
      'an unknown delay of a send',
      state({ on: { go: { actions: sendTo('x', { type: 'hi' }, { delay: 'never' as never }) } } }),
      'unknown delay "never"',
    ],
    ['an async guard', state({ on: { go: { guard: asyncGuard, target: 'a' } } }), 'guard on "go"'],
    ['an async guard by name', state({ always: { guard: 'late', target: 'a' } }), 'async guard on'],
    [
      'an async input',
      state({ invoke: { id: 'x', src: 'book', input: asyncGuard } }),
      'the input of "x" is async',
    ],
  ])('with %s is refused', (_, machine, message) => {
    expect(() => durable(machine)).toThrow(message);
    expect(() => durable(machine)).toThrow(/machine "hotel".*; /);
  });

  test('that starts logic which no creator of XState made is refused', () => {
    const odd = { transition: () => ({}), getInitialSnapshot: () => ({}), start: () => {} };
    const machine = setup({ actors: { odd: odd as never } }).createMachine({
      id: 'hotel',
      invoke: { src: 'odd' },
    } as never);
    expect(() => durable(machine as unknown as AnyStateMachine)).toThrow(
      'machine "hotel": "odd" is an actor that no creator of XState made; make it an activity',
    );
  });

  test('without an id is refused', () => {
    expect(() => durable(setup({}).createMachine({}))).toThrow('the machine has no id');
  });

  test('with one invoke id in states that can be active at once is refused', () => {
    const twice = { invoke: { id: 'x', src: 'book' as const, input: null } };
    const states = { a: twice, b: twice };
    const machine = kit.createMachine({ id: 'h', type: 'parallel', states });
    expect(() => durable(machine)).toThrow('both start an actor with id "x"; make the ids differ');
    expect(() => durable(kit.createMachine({ id: 'h', initial: 'a', states }))).not.toThrow();
  });

  test('with one invoke id for different steps is refused', () => {
    const as = (step: string) => ({
      meta: { step },
      invoke: { id: 'x', src: 'book' as const, input: null },
    });
    const states = { a: as('one'), b: as('two') };
    const machine = kit.createMachine({ id: 'h', initial: 'a', states });
    expect(() => durable(machine)).toThrow('several states invoke with id "x"');
  });

  test('hears of everything that is wrong at once', () => {
    const machine = kit.createMachine({
      id: 'hotel',
      initial: 'a',
      states: { a: { after: { later: 'b', '-1': 'b' } }, b: { always: { guard: 'odd' } } },
    } as never);
    expect(() => durable(machine as unknown as AnyStateMachine)).toThrow(
      [
        'machine "hotel": 3 things keep it from running durably:',
        '- state "hotel.a" uses unknown delay "later"; add it to delays',
        '- state "hotel.a" has the delay -1; give milliseconds, 0 up to ten years',
        '- state "hotel.b" asks the guard "odd" on an eventless transition, which nobody wrote; ' +
          'add it to guards',
      ].join('\n'),
    );
  });
});

describe('a delay', () => {
  const roles = (states: object) => {
    const machine = kit.createMachine({ id: 'hotel', initial: 'a', states } as never);
    return [...durable(machine as unknown as AnyStateMachine).timers.values()];
  };
  const invoke = { id: 'book', src: 'book', input: null };

  test('is an attempt time-out only where that activity runs', () => {
    expect(roles({ a: { after: { 'book.timeout': 'a' } } })).toEqual([
      { kind: 'wait', delay: 'book.timeout' },
    ]);
    const parent = { after: { 'book.timeout': 'a' }, initial: 'b', states: { b: { invoke } } };
    expect(roles({ a: parent })).toEqual([{ kind: 'wait', delay: 'book.timeout' }]);
    expect(roles({ a: { invoke, after: { 'book.timeout': 'a' } } })).toEqual([
      { kind: 'attempt-timeout', activity: 'book' },
    ]);
  });

  test('is a retry delay only of an activity that the machine invokes', () => {
    const after = { 'book.retry': 'a' };
    expect(roles({ a: { after } })).toEqual([{ kind: 'wait', delay: 'book.retry' }]);
    expect(roles({ a: { after }, b: { invoke } })).toEqual([{ kind: 'retry', activity: 'book' }]);
  });
});

describe('two activities that could share an idempotency key', () => {
  const book = { id: 'book', src: 'book', input: null };
  const more = { id: 'more', src: 'book', input: null };
  const meta = { step: 'book' };
  const machineOf = (config: object) =>
    kit.createMachine({ id: 'hotel', ...config } as never) as unknown as AnyStateMachine;

  test.each([
    ['in one state', { initial: 'a', states: { a: { meta, invoke: [book, more] } } }],
    [
      'in two regions',
      { type: 'parallel', states: { a: { meta, invoke: book }, b: { meta, invoke: more } } },
    ],
    [
      'in a state and one inside it',
      { meta, invoke: book, initial: 'a', states: { a: { meta, invoke: more } } },
    ],
    ['as compensations of one step', { meta: { compensates: 'book' }, invoke: [book, more] }],
  ])('%s are refused, with the place and the cure', (_, config) => {
    expect(() => durable(machineOf(config))).toThrow(
      /machine "hotel": .*"book" and "more" .* step "book" .*; /,
    );
  });

  test('are fine one after the other, as different steps, and as step and compensation', () => {
    const after = { a: { meta, invoke: book }, b: { meta, invoke: more } };
    expect(() => durable(machineOf({ initial: 'a', states: after }))).not.toThrow();
    expect(() => durable(machineOf({ invoke: [book, more] }))).not.toThrow();
    const undo = { meta: { compensates: 'book' }, invoke: more };
    expect(() =>
      durable(machineOf({ type: 'parallel', states: { a: { meta, invoke: book }, b: undo } })),
    ).not.toThrow();
  });
});

describe('a builder saga', () => {
  type Any = Record<string, (input: null) => null>;
  const draft = (id: string) => defineSaga({ id, input: z.null(), activities: {} as Any });
  const compensate = { activity: 'undo', input: () => null };

  test('without steps is refused', () => {
    expect(() => draft('empty').build()).toThrow('saga "empty": it has no step');
  });

  test.each(['deadline', 'next'])('with an activity called %s is refused', (name) => {
    const step = draft('s').step(name, { input: () => null, compensate });
    expect(() => step.build()).toThrow(`saga "s": the name "${name}" is reserved`);
    const undo = { activity: name, input: () => null };
    const compensation = draft('s').step('x', { input: () => null, compensate: undo });
    expect(() => compensation.build()).toThrow(`saga "s": the name "${name}" is reserved`);
  });

  test('with a wrong name, time or policy is refused, naming the place', () => {
    expect(() =>
      draft('a b')
        .step('x', { input: () => null, compensate })
        .build(),
    ).toThrow('the id must be at most 64 letters');
    expect(() => draft('s').step('x', { input: () => null, timeout: -1, compensate })).toThrow(
      'saga "s", step "x": timeout: "-1" is not a duration',
    );
    expect(() => exponential({ attempts: 0 })).toThrow('attempts is 0');
    expect(() => exponential({ factor: 0.5 })).toThrow('factor is 0.5');
  });
});
