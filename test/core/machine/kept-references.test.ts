/** References to actors: kept in a saga, and never given to what is outside of it. */
import { describe, expect, test } from 'vitest';
import {
  type AnyActorRef,
  createActor,
  createMachine,
  emit,
  fromTransition,
  raise,
  sendTo,
  setup,
  spawnChild,
} from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { ActorRef } from '../../../src/core/machine/actors/actor-ref.ts';
import { SagaDriver } from '../../../src/testing/saga-driver.ts';

const kit = setup({
  types: { context: {} as { ref: AnyActorRef | null; count: number } },
  actors: {
    book: activity<null, null>(),
    sum: fromTransition((state: { n: number }) => ({ n: state.n + 1 }), { n: 0 }),
  },
});

describe('a reference', () => {
  const ACTOR = /"ref" is an actor, which lives in memory only; give its id/;
  type Scene = { readonly context: { readonly ref: AnyActorRef | null } };
  const withRef = ({ context: { ref } }: Scene) => ({ ref }) as never;
  const pinging = ({ context: { ref } }: Scene) => ({ type: 'PING', ref });

  test.each([
    ['to an activity', spawnChild('book', { id: 'other', input: withRef })],
    ['to another actor', sendTo('it', pinging)],
    ['to another actor, later', sendTo('it', pinging, { delay: 1_000 })],
    ['outside', emit(pinging)],
  ])('never goes %s, where it would name another actor', (_, action) => {
    const machine = kit.createMachine({
      id: 'giving',
      context: ({ spawn }) => ({ ref: spawn('book', { id: 'it', input: null }), count: 0 }),
      on: { GO: { actions: action as never } },
    });
    expect(() => new SagaDriver(durable(machine), null).send({ type: 'GO' })).toThrow(ACTOR);
  });

  test('to an actor that the program made and no machine started is refused', () => {
    const outside = createActor(createMachine({ id: 'outside' }));
    const machine = kit.createMachine({ id: 'holding', context: { ref: outside, count: 0 } });
    expect(() => new SagaDriver(durable(machine), null)).toThrow(ACTOR);
  });

  test('goes to a reducer inside the machine, and to the machine itself, now and later', () => {
    const machine = kit.createMachine({
      id: 'keeping',
      context: ({ spawn }) => ({ ref: spawn('sum', { id: 'sum' }), count: 0 }),
      on: {
        GO: {
          actions: [sendTo('sum', pinging as never), raise(pinging as never, { delay: 1_000 })],
        },
        PING: { actions: sendTo(({ event }) => event['ref'] as AnyActorRef, { type: 'ADD' }) },
      },
    });
    const saga = new SagaDriver(durable(machine), null);
    saga.send({ type: 'GO' });
    saga.fireNextTimer();
    const { sum } = saga.state.snapshot.children as Record<string, { state: object }>;
    expect(sum?.state).toMatchObject({ context: { n: 2 } });
  });

  test('says how an actor is reached where no turn is under way, as in a custom action', () => {
    const ref = new ActorRef({ id: 'sum', src: 'sum' });
    const why =
      'the actor "sum" is reached from within a turn of its machine alone; send to it with';
    expect(() => ref.send({ type: 'ADD' })).toThrow(why);
    expect(() => ref.getSnapshot()).toThrow(why);
  });
});
