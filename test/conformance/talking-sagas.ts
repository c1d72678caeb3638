/** A parent and its child, written by hand, that tell each other what happens. */
import { assign, sendParent, sendTo, setup } from 'xstate';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';

interface Room {
  readonly of: string;
}
type BuilderActivities = { build: (input: Room) => null };

const builder = setup({
  types: {
    context: {} as Room,
    input: {} as Room,
    events: {} as { type: 'hurry' },
  },
  actors: { build: activity<Room, null>() },
}).createMachine({
  id: 'builder',
  context: ({ input }) => input,
  initial: 'building',
  states: {
    building: {
      meta: { step: 'build', kind: 'retriable' },
      invoke: { id: 'build', src: 'build', input: ({ context }) => context, onDone: 'checking' },
    },
    checking: {
      tags: ['waiting'],
      entry: sendParent({ type: 'builder.checks' }),
      on: { hurry: 'built' },
    },
    built: { type: 'final', entry: sendParent({ type: 'builder.leaves' }) },
  },
});

/** Says that it checks, waits until it is hurried, and says that it leaves. */
export const builderSaga = durable<BuilderActivities>(builder);

const owner = setup({
  types: {
    context: {} as Room & { readonly heard: readonly string[] },
    input: {} as Room,
    events: {} as { type: 'builder.checks' | 'builder.leaves' } | { type: 'hurry' },
  },
  actors: { builder: activity<Room, null>() },
}).createMachine({
  id: 'owner',
  context: ({ input: { of } }) => ({ of, heard: [] }),
  initial: 'building',
  states: {
    building: {
      meta: { step: 'builder', kind: 'retriable' },
      invoke: {
        id: 'builder',
        src: 'builder',
        input: ({ context: { of } }) => ({ of }),
        onDone: 'done',
      },
      on: {
        'builder.*': {
          actions: assign({ heard: ({ context, event }) => [...context.heard, event.type] }),
        },
        hurry: { actions: sendTo('builder', { type: 'hurry' }) },
      },
    },
    done: { type: 'final' },
  },
});

/** Notes what it hears of its builder, and passes on that there is a hurry. */
export const ownerSaga = durable(owner, { children: { builder: builderSaga } });
