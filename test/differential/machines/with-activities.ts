/** Machines that invoke and spawn: promises by name, retries, several at once, stopped ones. */
import { assign, emit, enqueueActions, setup, spawnChild, stopChild } from 'xstate';
import { activity } from '../../../src/core/activity.ts';
import { type Case, types } from '../case.ts';

/** Invoke with time-out and a retry delay that grows; cancelled by an event. */
const fetching = setup({
  types: {
    context: {} as { tries: number; user: string | null; why: string | null },
    input: {} as { id: string },
  },
  actors: { load: activity<{ id: string; attempt: number }, { name: string }>() },
  delays: {
    'load.timeout': 2_500,
    'load.retry': ({ context }) => 1_000 * 2 ** context.tries,
  },
}).createMachine({
  id: 'fetching',
  context: { tries: 0, user: null, why: null },
  initial: 'idle',
  states: {
    idle: { on: { FETCH: 'loading' } },
    loading: {
      invoke: {
        id: 'load',
        src: 'load',
        input: ({ context }) => ({ id: 'u-1', attempt: context.tries + 1 }),
        onDone: { target: 'loaded', actions: assign({ user: ({ event }) => event.output.name }) },
        onError: {
          target: 'failed',
          actions: assign({
            why: ({ event }) => Reflect.get(Object(event.error), 'code') as string,
          }),
        },
      },
      after: { 'load.timeout': { target: 'failed', actions: assign({ why: 'slow' }) } },
      on: { CANCEL: 'idle', FETCH: { target: 'loading', reenter: true } },
    },
    failed: {
      entry: assign({ tries: ({ context }) => context.tries + 1 }),
      always: { guard: ({ context }) => context.tries > 4, target: 'given' },
      after: { 'load.retry': 'loading' },
      on: { FETCH: 'loading', CANCEL: 'idle' },
    },
    loaded: { on: { FETCH: 'loading', CLOSE: 'closed' } },
    closed: { type: 'final' },
    given: { type: 'final', tags: ['given-up'] },
  },
  output: ({ context }) => ({ user: context.user, tries: context.tries }),
});

/** Two invokes of one state, results in any order; a region that is done when its part is. */
const breakfast = setup({
  types: { context: {} as { done: string[] } },
  actors: {
    toast: activity<{ slices: number }, { brown: boolean }>(),
    brew: activity<null, string>(),
    serve: activity<{ what: string[] }, null>(),
  },
}).createMachine({
  id: 'breakfast',
  context: { done: [] },
  initial: 'making',
  states: {
    making: {
      type: 'parallel',
      states: {
        bread: {
          initial: 'toasting',
          states: {
            toasting: {
              invoke: {
                id: 'toast',
                src: 'toast',
                input: { slices: 2 },
                onDone: [
                  {
                    guard: ({ event }) => event.output.brown,
                    target: 'ready',
                    actions: assign({ done: ({ context }) => [...context.done, 'toast'] }),
                  },
                  { target: 'toasting', reenter: true },
                ],
                onError: 'burnt',
              },
            },
            burnt: { on: { NEW_BREAD: 'toasting' } },
            ready: { type: 'final' },
          },
        },
        coffee: {
          initial: 'brewing',
          states: {
            brewing: {
              invoke: {
                id: 'brew',
                src: 'brew',
                input: null,
                onDone: {
                  target: 'ready',
                  actions: assign({
                    done: ({ context, event }) => [...context.done, event.output],
                  }),
                },
                onError: { target: 'brewing', reenter: true },
              },
            },
            ready: { type: 'final' },
          },
        },
      },
      onDone: 'serving',
      on: { HURRY: 'serving' },
    },
    serving: {
      invoke: {
        id: 'serve',
        src: 'serve',
        input: ({ context }) => ({ what: context.done }),
        onDone: 'eaten',
        onError: { target: 'making', actions: assign({ done: [] }) },
      },
    },
    eaten: { type: 'final' },
  },
});

/** Spawned by name, heard as `xstate.done.actor.*`, stopped by name; some by enqueued actions. */
const courier = setup({
  types: { context: {} as { delivered: number; lost: number } },
  actors: { van: activity<{ parcel: number }, null>(), bike: activity<{ parcel: number }, null>() },
}).createMachine({
  id: 'courier',
  context: { delivered: 0, lost: 0 },
  initial: 'open',
  states: {
    open: {
      on: {
        VAN: { target: 'driving', actions: spawnChild('van', { id: 'van', input: { parcel: 1 } }) },
        BIKE: 'cycling',
        CLOSE: 'closed',
      },
    },
    driving: {
      on: {
        STOP: { target: 'open', actions: stopChild('van') },
        'xstate.done.actor.van': {
          target: 'open',
          actions: assign({ delivered: ({ context }) => context.delivered + 1 }),
        },
        'xstate.error.actor.van': {
          target: 'open',
          actions: assign({ lost: ({ context }) => context.lost + 1 }),
        },
      },
    },
    cycling: {
      entry: spawnChild('bike', { id: 'bike', input: { parcel: 2 } }),
      exit: enqueueActions(({ enqueue, context }) => {
        enqueue.stopChild('bike');
        if (context.delivered > 0) enqueue.emit({ type: 'parked' });
      }),
      on: {
        STOP: 'open',
        SLOW: { actions: emit({ type: 'late' }) },
        'xstate.done.actor.*': {
          target: 'open',
          actions: assign({ delivered: ({ context }) => context.delivered + 1 }),
        },
        'xstate.error.actor.bike': 'open',
      },
    },
    closed: { type: 'final' },
  },
  output: ({ context }) => context,
});

/** An error that nobody handles ends the machine in error; a result that nobody handles does not. */
const careless = setup({
  actors: { risky: activity<null, null>(), dull: activity<null, null>() },
}).createMachine({
  id: 'careless',
  initial: 'idle',
  states: {
    idle: { on: { RISK: 'risking', DULL: 'bored' } },
    risking: {
      invoke: { id: 'risky', src: 'risky', input: null, onDone: 'idle' },
      on: { STOP: 'idle' },
    },
    bored: { invoke: { id: 'dull', src: 'dull', input: null }, on: { STOP: 'idle' } },
  },
});

export const ACTIVITY_CASES: Readonly<Record<string, Case>> = {
  'a load with time-out and growing retries': {
    machine: fetching,
    input: { id: 'u-1' },
    events: types('FETCH', 'CANCEL', 'CLOSE'),
    outputs: { load: [{ name: 'guest' }, { name: 'member' }] },
    spansMs: [1_000, 2_500, 8_000, 32_000],
  },
  'a breakfast made by several at once': {
    machine: breakfast,
    events: types('NEW_BREAD', 'HURRY'),
    outputs: { toast: [{ brown: true }, { brown: false }], brew: ['coffee', 'tea'] },
  },
  'a courier that is spawned and stopped': {
    machine: courier,
    events: types('VAN', 'BIKE', 'STOP', 'SLOW', 'CLOSE'),
  },
  'a careless one that ends in error': {
    machine: careless,
    events: types('RISK', 'DULL', 'STOP'),
  },
};
