/** Actors that a machine's own code starts, refers to and sends to. */
import { describe, expect, test } from 'vitest';
import {
  type AnyActorRef,
  type AnyStateMachine,
  assign,
  createMachine,
  enqueueActions,
  fromPromise,
  fromTransition,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { replay } from '../../../src/core/history/replay.ts';
import { SagaDriver } from '../../../src/testing/saga-driver.ts';

const kit = setup({
  types: { context: {} as { ref: AnyActorRef | null; count: number } },
  actors: {
    book: activity<null, null>(),
    sum: fromTransition(
      (state: { n: number }, event: { type: string }) => {
        if (event.type === 'BREAK') throw new RangeError('too much');
        return { n: state.n + 1 };
      },
      { n: 0 },
    ),
  },
});
const context = { ref: null, count: 0 };

const drive = (machine: AnyStateMachine) => new SagaDriver(durable(machine), null);

describe('an actor that an assign spawns', () => {
  test('without an id gets one of the turn, the same when the journal is replayed', () => {
    const definition = durable(
      kit.createMachine({
        id: 'unnamed',
        context,
        on: { GO: { actions: assign({ ref: ({ spawn }) => spawn('book', { input: null }) }) } },
      }),
    );
    const saga = new SagaDriver(definition, null);
    saga.send({ type: 'GO' });
    const [id = ''] = Object.keys(saga.state.live.activities);
    expect(id).toBe('x:2.1');
    const { turns, flaw } = replay(definition, 'saga-1', saga.records);
    expect(flaw).toBeNull();
    expect(Object.keys(turns.at(-1)?.state.live.activities ?? {})).toEqual([id]);
    expect(saga.stepStatus(id)).toBe('running');
    saga.done(id, null);
    expect(saga.stepStatus(id)).toBe('completed');
  });

  test('of logic that has no name is refused, with the cure', () => {
    const machine = createMachine({
      id: 'inline',
      on: {
        GO: { actions: assign(({ spawn }) => ({ ref: spawn(fromPromise(async () => 1)) })) },
      },
    });
    expect(() => drive(machine).send({ type: 'GO' })).toThrow(
      'machine "inline" on "GO": an actor was started from logic without a name, which no restart ' +
        'would find again; add it to setup({ actors }), or to the machine with ' +
        'machine.provide({ actors })',
    );
  });

  test('is accepted as it is drawn once the machine is provided with its logic by a name', () => {
    const child = createMachine({ id: 'child', initial: 'on', states: { on: {} } });
    const parent = createMachine({
      id: 'parent',
      context: ({ spawn }) => ({ ref: spawn(child, { id: 'kid' }) }),
    });
    expect(() => drive(parent)).toThrow(
      'machine "parent", at its start: an actor was started from logic without a name',
    );
    const provided = parent.provide({ actors: { child } });
    expect(drive(provided).state.live.activities['kid']).toMatchObject({ src: 'child' });
    expect(durable(provided).ownChildren.map(({ id }) => id)).toEqual(['parent.child']);
  });

  test('is found by the logic itself where that has a name', () => {
    const fetch = fromPromise(() => Promise.resolve(1));
    const machine = setup({ actors: { fetch } }).createMachine({
      id: 'named',
      on: {
        GO: { actions: assign(({ spawn }) => ({ ref: spawn(fetch, { id: 'it' as never }) })) },
      },
    });
    const saga = drive(machine);
    saga.send({ type: 'GO' });
    expect(saga.state.live.activities['it']).toMatchObject({ src: 'fetch' });
  });
});

describe('an actor that an action starts', () => {
  test('is started where no drawing shows it', () => {
    const machine = kit.createMachine({
      id: 'hotel',
      context,
      entry: enqueueActions(({ enqueue }) => enqueue.spawnChild('book', { id: 'x', input: null })),
    });
    expect(drive(machine).started).toEqual(['x']);
  });

  test('of logic written into the action is one of the machine', () => {
    const machine = createMachine({
      id: 'hotel',
      entry: spawnChild(
        fromPromise(() => Promise.resolve(1)),
        { id: 'x' },
      ),
    });
    expect(durable(machine).own.has('x')).toBe(true);
    expect(drive(machine).started).toEqual(['x']);
  });
});

describe('what is sent to an actor', () => {
  const teller = kit.createMachine({
    id: 'teller',
    context,
    invoke: { id: 'book', src: 'book', input: null },
    on: {
      GO: {
        actions: [
          sendTo('book', { type: 'PING' }),
          assign({ count: ({ context: { count } }) => count + 1 }),
        ],
      },
    },
  });

  test('that has ended is not heard, before a restart and after it', () => {
    const saga = drive(teller); // its state goes through storage with every inbound
    saga.done('book', null);
    saga.send({ type: 'GO' });
    saga.send({ type: 'GO' });
    expect(saga.state.snapshot.context).toMatchObject({ count: 2 });
  });

  test('that never was is an error, as live', () => {
    const machine = kit.createMachine({
      id: 'lost',
      context,
      on: { GO: { actions: sendTo('nobody', { type: 'PING' }) } },
    });
    expect(() => drive(machine).send({ type: 'GO' })).toThrow(
      "Unable to send event to actor 'nobody'",
    );
  });

  test('later reaches it when it is due, and not one that came after it', () => {
    const machine = kit.createMachine({
      id: 'later',
      context,
      initial: 'on',
      states: {
        on: {
          invoke: { id: 'sum', src: 'sum' },
          on: { GO: { actions: sendTo('sum', { type: 'ADD' }, { delay: 1_000 }) } },
        },
      },
    });
    const saga = drive(machine);
    saga.send({ type: 'GO' });
    const sum = () => {
      const { sum: ref } = saga.state.snapshot.children as Record<string, { state: object }>;
      return ref?.state;
    };
    expect(sum()).toMatchObject({ context: { n: 0 } });
    saga.fireNextTimer();
    expect(sum()).toMatchObject({ context: { n: 1 } });
  });
});

test('an error that is sent to a reducer later is still one, after a restart too', () => {
  const judge = fromTransition(
    (_: unknown, event: { type: string; why?: unknown }) => String(event.why instanceof Error),
    'nothing heard',
  );
  const why = () => Object.assign(new RangeError('too much'), { by: 3 });
  const machine = setup({ actors: { judge } }).createMachine({
    id: 'court',
    invoke: { id: 'judge', src: 'judge' },
    on: {
      GO: { actions: sendTo('judge', () => ({ type: 'HEAR', why: why() }), { delay: 1_000 }) },
    },
  });
  const saga = drive(machine);
  saga.send({ type: 'GO' });
  saga.fireNextTimer();
  const { judge: ref } = saga.state.snapshot.children as Record<string, { state: object }>;
  expect(ref?.state).toMatchObject({ context: 'true' });
});

describe('an actor that is stepped inside its machine', () => {
  test('that throws is an error of that actor', () => {
    const machine = kit.createMachine({
      id: 'breaking',
      context,
      initial: 'on',
      states: {
        on: {
          invoke: {
            id: 'sum',
            src: 'sum',
            onError: { guard: ({ event }) => event.error instanceof RangeError, target: 'never' },
          },
          on: { GO: { actions: sendTo('sum', { type: 'BREAK' }) } },
        },
        never: {},
      },
    });
    const saga = drive(machine);
    saga.send({ type: 'GO' });
    // Nothing handles it: the class of an error is not kept, its name is.
    expect(saga.state).toMatchObject({ status: 'parked', parkReason: { code: 'unhandled' } });
  });
});

describe('what a durable machine has not', () => {
  test.each([
    ['self.subscribe', assign(({ self }) => (self.subscribe(() => {}), {})), 'self.subscribe()'],
    [
      'the snapshot of an activity',
      assign(({ context: { ref } }: { context: { ref: AnyActorRef } }) => ({
        ref: ref.getSnapshot() as AnyActorRef,
      })),
      'the snapshot of the actor "it" is not known within a turn',
    ],
  ])('is refused by name: %s', (_, actions, message) => {
    const machine = kit.createMachine({
      id: 'asking',
      context: ({ spawn }) => ({ ref: spawn('book', { id: 'it', input: null }), count: 0 }),
      on: { GO: { actions: actions as never } },
    });
    expect(() => drive(machine).send({ type: 'GO' })).toThrow(message);
  });
});
