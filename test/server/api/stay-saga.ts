/**
 * Two hand-written sagas for tests: a stay that waits for an approval and whose compensation may
 * fail for good, and a trip that runs a stay as its child.
 */
import { setup } from 'xstate';
import { activity, type Activities } from '../../../src/core/activity.ts';
import { durable } from '../../../src/core/define/durable.ts';
import { PermanentError } from '../../../src/core/failure.ts';
import type { Backstep, Bindings } from '../../../src/host/backstep.ts';

interface Room {
  readonly room: string;
}
type StayActivities = {
  bookRoom: (input: Room) => { readonly code: string };
  cancelRoom: (input: Room) => null;
  payRoom: (input: Room) => null;
};

const stayMachine = setup({
  types: {
    context: {} as Room,
    input: {} as Room,
    events: {} as
      | { type: 'approve' }
      | { type: 'reject'; reason?: string }
      | { type: 'vote'; weight: { value: number } }
      | { type: `backstep.${'cancel' | 'compensate' | 'retry' | 'skip' | 'accept-partial'}` },
  },
  actors: {
    bookRoom: activity<Room, { code: string }>(),
    cancelRoom: activity<Room, null>(),
    payRoom: activity<Room, null>(),
  },
  guards: { isHeavy: ({ event }) => event.type === 'vote' && event.weight.value > 1 },
  delays: { approval: 86_400_000 },
}).createMachine({
  id: 'stay',
  context: ({ input }) => ({ room: input.room }),
  initial: 'booking',
  states: {
    booking: {
      invoke: {
        id: 'bookRoom',
        src: 'bookRoom',
        input: ({ context }) => context,
        onDone: 'approval',
        onError: 'undoing',
      },
    },
    approval: {
      tags: ['waiting'],
      after: { approval: 'undoing' },
      on: {
        approve: 'paying',
        reject: 'undoing',
        vote: { guard: 'isHeavy', target: 'paying' },
        'backstep.cancel': 'undoing',
        'backstep.compensate': 'undoing',
      },
    },
    paying: {
      invoke: {
        id: 'payRoom',
        src: 'payRoom',
        input: ({ context }) => context,
        onDone: 'paid',
        onError: 'undoing',
      },
    },
    undoing: {
      tags: ['compensating'],
      meta: { compensates: 'bookRoom' },
      invoke: {
        id: 'cancelRoom',
        src: 'cancelRoom',
        input: ({ context }) => context,
        onDone: 'undone',
        onError: 'stuck',
      },
    },
    stuck: {
      tags: ['compensation_failed'],
      on: {
        'backstep.retry': 'undoing',
        'backstep.skip': 'accepted',
        'backstep.accept-partial': 'accepted',
      },
    },
    paid: { type: 'final' },
    undone: { type: 'final', tags: ['compensated'] },
    accepted: { type: 'final', tags: ['compensation_failed'] },
  },
});

const staySaga = durable<StayActivities>(stayMachine, { keepsEarly: ['approve'] });

const tripSaga = durable<Record<string, never>>(
  setup({
    types: { context: {} as Room, input: {} as Room },
    actors: { stay: activity<Room, unknown>() },
  }).createMachine({
    id: 'trip',
    context: ({ input }) => ({ room: input.room }),
    initial: 'staying',
    states: {
      staying: {
        invoke: {
          id: 'stay',
          src: 'stay',
          input: ({ context }) => context,
          onDone: 'over',
          onError: 'over',
        },
      },
      over: { type: 'final' },
    },
  }),
  { children: { stay: staySaga } },
);

/** Fails for good. */
export const refuse = (): never => {
  throw new PermanentError('refused', 'the hotel does not answer');
};

/** Registers both; `changes` replace activities that succeed. */
export function registerStays(
  backstep: Backstep,
  changes: Partial<Activities<StayActivities>> = {},
  bounds: Pick<Bindings, 'concurrency'> = {},
): void {
  backstep.register(staySaga, {
    activities: {
      bookRoom: ({ room }) => ({ code: `${room}-1` }),
      cancelRoom: () => null,
      payRoom: () => null,
      ...changes,
    },
    ...bounds,
  });
  backstep.register(tripSaga, { activities: {} });
}
