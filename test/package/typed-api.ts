/**
 * What the types of the public API promise, read by the compiler alone: here, and in a foreign
 * project against the packed library, where it comes from `backstep`.
 *
 * A line under `@ts-expect-error` must be refused: the compiler complains where it is not.
 */
import { z } from 'zod';
import {
  type Backstep,
  defineSaga,
  durable,
  type Outcome,
  type SagaHandle,
  type Unsettled,
} from '../../src/index.ts';
import { setup } from 'xstate';

/** Fails to compile unless both types are the same. */
export function same<A, B>(
  ..._same: Same<A, B> extends true ? [] : ['these types differ', A, B]
): void {}
type Same<A, B> = [A, B] extends [B, A] ? (IsAny<A> extends IsAny<B> ? true : false) : false;
type IsAny<T> = 0 extends 1 & T ? 'any' : 'known';

export interface TripActivities {
  bookHotel(input: { trip: string }): { booking: string };
  cancelHotel(input: { trip: string; booking?: string | undefined }): void;
  searchFlights(input: { trip: string }): Promise<{ offers: string[] }>;
  payDeposit(input: { booking: string }): { receipt: number };
  refund(input: { trip: string }): void;
  chargeCard(input: { booking: string }): Promise<{ receipt: number }>;
}

const options = {
  id: 'trip',
  input: z.object({ trip: z.string(), nights: z.number().default(1) }),
  activities: {} as TripActivities,
  events: {
    approve: z.object({ by: z.string(), limit: z.coerce.number<string>() }),
    reject: z.object({}),
  },
};
const compensate = { activity: 'refund', input: () => ({ trip: '' }) } as const;

/** A contract is an interface; every mapper knows what ran before it, in blocks as well. */
export const tripSaga = defineSaga(options)
  .step('searchFlights', { kind: 'read-only', input: ({ input }) => input })
  .step('bookHotel', {
    input: ({ input, results }) => {
      same<number, typeof input.nights>();
      same<string[], typeof results.searchFlights.offers>();
      return input;
    },
    compensate: {
      activity: 'cancelHotel',
      input: ({ input, results }) => ({ trip: input.trip, booking: results.bookHotel?.booking }),
    },
  })
  .wait('approval', { on: { approve: 'continue', reject: 'compensate' }, within: '24h' })
  .parallel('both', {
    left: (part) =>
      part
        .step('deposit', {
          activity: 'payDeposit',
          input: ({ results }) => results.bookHotel,
          compensate,
        })
        .step('look', {
          kind: 'read-only',
          activity: 'searchFlights',
          input: ({ input, results }) => {
            same<number, typeof results.deposit.receipt>();
            return input;
          },
        }),
    right: (part) =>
      part.step('extra', {
        activity: 'payDeposit',
        when: ({ input }) => input.nights > 1,
        input: ({ results }) => results.bookHotel,
        compensate,
      }),
  })
  .choose('way', {
    short: {
      when: ({ results }) => results.deposit.receipt > 0,
      steps: (part) =>
        part.step('fee', {
          activity: 'payDeposit',
          input: ({ results }) => results.bookHotel,
          compensate,
        }),
    },
  })
  .repeat('tries', {
    while: ({ results }) => (results.tries.at(-1)?.payDeposit?.receipt ?? 0) < 3,
    atMost: 5,
    steps: (round) =>
      round.step('payDeposit', {
        input: ({ results }) => {
          same<
            number | undefined,
            (typeof results.tries)[0]['payDeposit'] extends infer R
              ? Exclude<R, undefined> extends { receipt: infer N }
                ? N | undefined
                : never
              : never
          >();
          return { booking: String(results.tries.length) };
        },
        compensate,
      }),
  })
  .step('chargeCard', {
    kind: 'pivot',
    input: ({ results }) => {
      same<number, typeof results.look.offers.length>();
      same<{ receipt: number } | undefined, typeof results.extra>();
      same<{ receipt: number } | undefined, typeof results.fee>();
      same<number, (typeof results.tries)[0]['payDeposit']['receipt']>();
      if (results.approval.kind === 'event' && results.approval.event.type === 'approve') {
        same<number, typeof results.approval.event.limit>();
      }
      return results.bookHotel;
    },
  })
  .output(({ results }) => results.chargeCard.receipt)
  .build();

/** A handle knows its saga's input, events and outcome. */
export async function handles(backstep: Backstep): Promise<number | null> {
  const trip = await backstep.spawn(tripSaga, { input: { trip: 't-1' }, key: 't-1' });
  await trip.send({ type: 'approve', by: 'Ada', limit: '5' }, { eventId: 'e-1' });
  await trip.send({ type: 'reject' });
  // @ts-expect-error the saga waits for no such event
  await trip.send({ type: 'aprove', by: 'Ada', limit: '5' });
  // @ts-expect-error a limit is sent as a text
  await trip.send({ type: 'approve', by: 'Ada', limit: 5 });
  // @ts-expect-error a trip is a text
  await backstep.spawn(tripSaga, { input: { trip: 1 } });

  const certain = await trip.settled();
  // @ts-expect-error it waits as long as it takes, so it never comes out as running
  if (certain.status === 'running') return null;
  const outcome = await backstep.saga(tripSaga, trip.id).settled({ within: '10s' });
  same<Outcome<number> | Unsettled, typeof outcome>();
  // @ts-expect-error only what completed has an output
  if (outcome.output) return null;
  return codeOf(outcome);
}

/** Every way in which a saga may come out, and no other. */
function codeOf(outcome: Outcome<number> | Unsettled): number | null {
  switch (outcome.status) {
    case 'completed':
      return outcome.output;
    case 'compensated':
      return outcome.failure.message.length;
    case 'compensation_failed':
    case 'failed':
    case 'parked':
      return outcome.deadLetter.outstanding.length;
    case 'terminated':
      return 0;
    case 'removed':
      return outcome.endedAs === null ? 0 : 1;
    case 'running':
    case 'waiting':
    case 'paused':
    case 'compensating':
      return null;
  }
}

/** By name nothing is known, so everything is taken. */
export async function byName(backstep: Backstep, id: string): Promise<unknown> {
  const { isNew } = await backstep.spawn('trip', { input: 5 });
  const saga: SagaHandle = backstep.saga(id);
  await saga.send({ type: 'whatever', isNew });
  const state = await saga.waitFor(({ status }) => status === 'waiting', { within: 500 });
  const outcome = await saga.settled();
  return outcome.status === 'completed' ? outcome.output : state?.status;
}

const machine = setup({
  types: {} as {
    input: { door: string };
    output: { opened: boolean };
    events: { type: 'open'; by: string };
  },
}).createMachine({
  id: 'door',
  initial: 'closed',
  states: { closed: { on: { open: 'opened' } }, opened: { type: 'final' } },
  output: { opened: true },
});

/** A hand-written machine is typed by its own types. */
export async function drawn(backstep: Backstep): Promise<boolean | null> {
  const door = await backstep.spawn(durable(machine), { input: { door: 'front' } });
  await door.send({ type: 'open', by: 'Ada' });
  // @ts-expect-error nobody says who opens it
  await door.send({ type: 'open' });
  const outcome = await door.settled();
  return outcome.status === 'completed' ? outcome.output.opened : null;
}

/** A saga without steps. */
export const draft = defineSaga(options);

/** What a definition lacks, or has too much. */
export const refused = [
  // @ts-expect-error no compensation
  () => draft.step('bookHotel', { input: ({ input }) => input }),
  // @ts-expect-error a pivot is never compensated
  () => draft.step('payDeposit', { kind: 'pivot', input: () => ({ booking: '' }), compensate }),
  // @ts-expect-error no activity of that name
  () => draft.step('bookHotels', { input: ({ input }) => input, compensate }),
  // @ts-expect-error the activity takes a booking
  () => draft.step('payDeposit', { input: ({ input }) => input, compensate }),
  () =>
    draft.step('chargeCard', {
      kind: 'pivot',
      input: ({ results }) => {
        same<never, keyof typeof results>(); // nothing ran before
        return { booking: '' };
      },
    }),
  // @ts-expect-error no contract
  () => defineSaga({ id: 'trip', input: z.null() }),
  // @ts-expect-error an activity is a function
  () => defineSaga({ id: 'trip', input: z.null(), activities: {} as { book: string } }),
];
