/** A machine that hands itself to its child, as XState's own documentation has it. */
import { describe, expect, test } from 'vitest';
import {
  type AnyActorRef,
  assign,
  emit,
  fromTransition,
  sendParent,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { decodeState, encodeState } from '../../../src/core/history/codec.ts';
import { begin, turn } from '../../../src/core/turn/turn.ts';
import { SagaDriver } from '../../../src/testing/saga-driver.ts';

const types = {
  context: {} as { parent?: AnyActorRef },
  input: {} as { parent?: AnyActorRef },
  events: {} as
    { type: 'REPORT' | 'CALL' | 'BACK' } | { type: 'ANSWER' | 'KEEP'; from: AnyActorRef },
};

/** Reports through what it was given: as input, in an event, and from within an assign. */
const child = setup({ types }).createMachine({
  id: 'child',
  context: ({ input }) => ({ ...input }),
  on: {
    REPORT: { actions: sendTo(({ context }) => context.parent as AnyActorRef, { type: 'DONE' }) },
    ANSWER: { actions: sendTo(({ event }) => event.from, { type: 'YES' }) },
    CALL: { actions: assign(({ context }) => (context.parent?.send({ type: 'HELLO' }), {})) },
    KEEP: { actions: assign({ parent: ({ event }) => event.from }) },
  },
});
const childSaga = durable(child);

const self = (({ self: own }: { self: unknown }) => ({ parent: own })) as never;
const asking = (({ self: own }: { self: unknown }) => ({ type: 'ANSWER', from: own })) as never;

const kit = setup({
  actors: {
    child,
    book: activity<unknown, null>(),
    sum: fromTransition((state: object) => state, {}),
  },
});

/** The parent, and what it commands on `GO`. */
function parentThat(actions: unknown) {
  const machine = kit.createMachine({
    id: 'parent',
    entry: spawnChild('child', { id: 'kid', input: self }),
    on: { GO: { actions: actions as never } },
  });
  return new SagaDriver(durable(machine), null);
}

const inJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** What the child sends to whom on these events, stored and read again before each. */
function sentBy(input: unknown, events: readonly object[], parent: string | null = 'parent-1') {
  const first = begin(
    childSaga,
    'kid-1',
    input,
    0,
    parent === null ? null : { sagaId: parent, step: 'kid' },
  );
  let stored = encodeState(first.state);
  const sent: unknown[] = [];
  for (const [index, event] of events.entries()) {
    const id = `event-${index}`;
    const state = decodeState(childSaga, 'kid-1', stored);
    const next = turn(childSaga, state, { kind: 'event', id, event: event as never }, 0);
    if (next.kind !== 'advanced') throw new Error(`${JSON.stringify(event)} was not taken`);
    stored = encodeState(next.state);
    for (const effect of next.effects)
      if (effect.kind === 'send') sent.push([effect.to, effect.event]);
  }
  return sent;
}

describe('a machine that gives itself to its child', () => {
  const given = parentThat([]).state.live.activities['kid']?.input;

  test('as input, is sent to by the child, before and after a restart', () => {
    const sent = [
      ['parent-1', { type: 'DONE' }],
      ['parent-1', { type: 'HELLO' }],
    ];
    for (const input of [given, inJson(given)])
      expect(sentBy(input, [{ type: 'REPORT' }, { type: 'CALL' }])).toEqual(sent);
  });

  test.each([
    ['in an event', sendTo('kid', asking)],
    ['in an event that comes later', sendTo('kid', asking, { delay: 1_000 })],
  ])('%s, is answered by the child', (_, action) => {
    const saga = parentThat(action);
    saga.send({ type: 'GO' });
    if (Object.keys(saga.state.live.timers).length > 0) saga.fireNextTimer();
    const [event = {}] = saga.effects.flatMap((each) => (each.kind === 'send' ? [each.event] : []));
    expect(sentBy({}, [inJson(event)])).toEqual([['parent-1', { type: 'YES' }]]);
    const kept = { ...inJson(event), type: 'KEEP' };
    expect(sentBy({}, [kept, { type: 'CALL' }])).toEqual([['parent-1', { type: 'HELLO' }]]);
  });

  test.each([
    ['at once', sendTo('kid', asking)],
    ['later', sendTo('kid', asking, { delay: 1_000 })],
  ])(
    'is answered as well where the entry of the state that starts the child sends it %s',
    (_, entry) => {
      const machine = kit.createMachine({
        id: 'early',
        initial: 'off',
        states: {
          off: { on: { GO: 'on' } },
          on: { entry: entry as never, invoke: { id: 'kid', src: 'child', input: {} } },
        },
      });
      const saga = new SagaDriver(durable(machine), null);
      saga.send({ type: 'GO' });
      if (Object.keys(saga.state.live.timers).length > 0) saga.fireNextTimer();
      const [event = {}] = saga.effects.flatMap((each) =>
        each.kind === 'send' ? [each.event] : [],
      );
      expect(sentBy({}, [inJson(event)])).toEqual([['parent-1', { type: 'YES' }]]);
    },
  );

  test('means nobody to a child that was started by itself', () => {
    expect(sentBy(inJson(given), [{ type: 'REPORT' }, { type: 'CALL' }], null)).toEqual([]);
  });
});

describe('a machine is refused as data', () => {
  const REFUSED = /is an actor, which lives in memory only; give its id/;

  test('to its own parent, even the one that it was given as that', () => {
    const telling = setup({ types }).createMachine({
      id: 'telling',
      context: ({ input }) => ({ ...input }),
      on: {
        REPORT: { actions: sendParent(({ self: own }) => ({ type: 'X', it: own })) },
        BACK: { actions: sendParent(({ context }) => ({ type: 'X', it: context.parent })) },
      },
    });
    const definition = durable(telling);
    const input = { parent: { xstate$$type: 1, id: '#_parent' } };
    const { state } = begin(definition, 'kid-1', input, 0, { sagaId: 'parent-1', step: 'kid' });
    for (const type of ['REPORT', 'BACK']) {
      const inbound = { kind: 'event', id: type, event: { type } } as const;
      expect(() => turn(definition, state, inbound, 0)).toThrow(REFUSED);
    }
  });

  test.each([
    ['to an activity', spawnChild('book', { id: 'it', input: self })],
    ['to everybody', emit(asking)],
    ['in its own context', assign(self)],
  ])('%s', (_, action) => {
    expect(() => parentThat(action).send({ type: 'GO' })).toThrow(REFUSED);
  });
});
