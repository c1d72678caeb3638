/** A hand-written XState machine runs durably as it is: events, waiting, approval deadline. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { z } from 'zod';
import { activity } from '../../src/core/activity.ts';
import { durable } from '../../src/core/define/durable.ts';
import { EngineHarness } from './engine-harness.ts';

type Booking = { readonly room: string };
type HotelActivities = {
  bookRoom: (input: Booking) => { readonly code: string };
  cancelRoom: (input: Booking) => null;
};

const machine = setup({
  types: {
    context: {} as { room: string; code: string; votes: number },
    input: {} as Booking,
    events: {} as { type: 'approve' } | { type: 'vote'; weight: { value: number } },
  },
  actors: {
    bookRoom: activity<Booking, { code: string }>(),
    cancelRoom: activity<Booking, null>(),
  },
  delays: { approval: 86_400_000 },
}).createMachine({
  id: 'hotel',
  context: ({ input }) => ({ room: input.room, code: '', votes: 0 }),
  initial: 'booking',
  states: {
    booking: {
      meta: { step: 'bookRoom' },
      invoke: {
        id: 'bookRoom',
        src: 'bookRoom',
        input: ({ context }) => ({ room: context.room }),
        onDone: { target: 'approval', actions: assign({ code: ({ event }) => event.output.code }) },
        onError: 'rejected',
      },
    },
    approval: {
      tags: ['waiting'],
      after: { approval: 'undoing' },
      on: {
        approve: 'approved',
        // Throws for an event without a weight: a poison event.
        vote: {
          actions: assign({ votes: ({ context, event }) => context.votes + event.weight.value }),
        },
      },
    },
    undoing: {
      tags: ['compensating'],
      meta: { compensates: 'bookRoom' },
      invoke: {
        id: 'cancelRoom',
        src: 'cancelRoom',
        input: ({ context }) => ({ room: context.room }),
        onDone: 'rejected',
      },
    },
    approved: { type: 'final' },
    rejected: { type: 'final', tags: ['compensated'] },
  },
});

const hotelSaga = durable<HotelActivities>(machine);

let engine: EngineHarness<HotelActivities>;
let cancelled: string[];
const activities = {
  bookRoom: ({ room }: Booking) => ({ code: `${room}-1` }),
  cancelRoom: ({ room }: Booking) => {
    cancelled.push(room);
    return null;
  },
};

beforeEach(() => {
  engine = new EngineHarness(hotelSaga);
  cancelled = [];
});

afterEach(() => engine.dispose());

async function waitingHotel(): Promise<string> {
  const { id } = await engine.backstep.spawn('hotel', { input: { room: 'r1' } });
  await engine.seen((entry) => entry.sagaId === id && entry.to === 'approval');
  return id;
}

describe('a saga that waits for a person', () => {
  test('is approved by an event, also after a restart', async () => {
    await engine.open(activities);
    const id = await waitingHotel();
    expect((await engine.backstep.saga(id).state())?.status).toBe('waiting');
    await engine.stop();

    const backstep = await engine.open(activities);
    expect((await backstep.saga(id).send({ type: 'approve' })).status).toBe('completed');
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ code: 'r1-1' });
    expect(cancelled).toEqual([]);
  });

  test('takes an event id once', async () => {
    const backstep = await engine.open(activities);
    const id = await waitingHotel();
    const vote = { type: 'vote', weight: { value: 2 } };
    await backstep.saga(id).send(vote, { eventId: 'vote-1' });
    await backstep.saga(id).send(vote, { eventId: 'vote-1' });
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ votes: 2 });
  });

  test('compensates when its deadline passes while the engine is down', async () => {
    await engine.open(activities);
    const id = await waitingHotel();
    await engine.stop();
    engine.clock.advance(86_400_000);
    const backstep = await engine.open(activities);
    engine.clock.advance(0);
    expect((await backstep.saga(id).settled({ within: 10_000 })).status).toBe('compensated');
    expect(cancelled).toEqual(['r1']);
  });

  test('refuses what it does not accept, with what it does', async () => {
    const backstep = await engine.open(activities);
    const id = await waitingHotel();
    await expect(backstep.saga(id).send({ type: 'party' })).rejects.toMatchObject({
      code: 'not-legal',
      legal: ['approve', 'vote'],
    });
    await expect(backstep.saga(id).send({ type: 'backstep.cancel' })).rejects.toMatchObject({
      code: 'not-legal',
    });
  });

  test('refuses an event whose payload does not match its schema, naming the member', async () => {
    const vote = z.strictObject({ weight: z.object({ value: z.number().min(1) }) });
    const backstep = await engine.open(activities, { events: { vote } });
    const id = await waitingHotel();
    const refused = backstep.saga(id).send(cast({ weight: { value: 'two' } }));
    await expect(refused).rejects.toMatchObject({
      code: 'input-invalid',
      message: expect.stringContaining(`event "vote" of saga ${id}: weight.value: `) as unknown,
      issues: [{ path: 'weight.value', isTypeError: true }],
    });
    const surplus = backstep.saga(id).send(cast({ weight: { value: 2 }, also: true }));
    await expect(surplus).rejects.toThrow('payload: Unrecognized key: "also"');
    await backstep.saga(id).send(cast({ weight: { value: 2 } }));
    expect((await backstep.saga(id).state())?.snapshot.context).toMatchObject({ votes: 2 });
  });

  const cast = (payload: object) => ({ type: 'vote', ...payload });

  test('cannot have a schema for an event that its machine does not know', async () => {
    const opening = engine.open(activities, { events: { veto: z.object({}) } });
    await expect(opening).rejects.toThrow(
      'saga "hotel" has no event veto; a schema can be given for approve, vote',
    );
  });

  test('is unharmed by an event that makes it throw; the sender is told', async () => {
    const backstep = await engine.open(activities);
    const id = await waitingHotel();
    await expect(backstep.saga(id).send({ type: 'vote' })).rejects.toThrow(TypeError);
    expect((await backstep.saga(id).state())?.status).toBe('waiting');
    await backstep.saga(id).send({ type: 'approve' });
    expect((await backstep.saga(id).state())?.status).toBe('completed');
  });
});
