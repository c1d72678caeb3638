/**
 * The trip saga, written by hand as an XState machine: the reference for sagas that a list of steps
 * cannot draw.
 *
 *     booking       hotel, flight and car at once; the first one that is refused ends it for all
 *     approval      the traveller approves, rejects, or lets the deadline pass
 *     charging      the pivot: before it everything is cancelled, after it the trip takes place
 *     issuing       tickets, tried until they are there, or until a person says so
 *     compensating  cancels what is booked or may be, side by side as it was booked
 *
 * What makes it durable stands in the drawing. `meta` says which step a state runs, compensates or
 * ends for good; tags are the status; `<activity>.timeout` and `<activity>.retry` are the limits of
 * an attempt and the wait before the next. Every other delay is a deadline that outlives restarts.
 *
 * Invariant: whatever is left in `booking` may have happened unless the service refused it for
 * certain. So `bookings` is written before an attempt starts, and only a certain answer clears it.
 */
import { emit } from 'xstate';
import { durable } from '../src/core/define/durable.ts';
import {
  chargeOf,
  chargeRetry,
  requestOf,
  type Service,
  ticketRetry,
  travel,
  type TripActivities,
  TripInput,
} from './trip-parts.ts';

/** Books one service: again and again until it is booked or refused; `booking` limits it all. */
function bookingOf(service: Service, book: 'bookHotel' | 'bookFlight' | 'bookCar') {
  const doubt = { type: 'learn', params: { service, as: 'doubtful' } } as const;
  const failure = { type: 'learnOfFailure', params: { service } } as const;
  return travel.createStateConfig({
    initial: 'running',
    states: {
      running: {
        meta: { step: book },
        entry: { type: 'ask', params: { service } },
        invoke: {
          id: book,
          src: book,
          input: ({ context }) => requestOf(context),
          onDone: {
            target: 'booked',
            actions: { type: 'learn', params: { service, as: 'booked' } },
          },
          onError: [
            { guard: 'isPermanent', target: '#trip.compensating', actions: failure },
            { target: 'retrying', actions: failure },
          ],
        },
        after: { [`${book}.timeout`]: { target: 'retrying', actions: doubt } },
      },
      retrying: { after: { [`${book}.retry`]: 'running' } },
      booked: { type: 'final' },
    },
  });
}

/** Cancels what may be booked of one service, and waits for a person where that fails for good. */
function cancellationOf(
  service: Service,
  book: 'bookHotel' | 'bookFlight' | 'bookCar',
  cancel: 'cancelHotel' | 'cancelFlight' | 'cancelCar',
) {
  const failed = `#trip.compensating.${service}.failed`;
  const over = `#trip.compensating.${service}.over`;
  const isMeant = { type: 'isMeant', params: { step: book } } as const;
  const giveUp = {
    guard: isMeant,
    target: 'over',
    actions: { type: 'learn', params: { service, as: 'given-up' } },
  } as const;
  return travel.createStateConfig({
    initial: 'deciding',
    states: {
      deciding: {
        always: [
          { guard: { type: 'isOwed', params: { service } }, target: 'cancelling' },
          { target: 'over' },
        ],
      },
      cancelling: {
        initial: 'running',
        after: { cancellation: 'failed' },
        states: {
          running: {
            meta: { compensates: book },
            invoke: {
              id: cancel,
              src: cancel,
              input: ({ context }) => requestOf(context),
              onDone: {
                target: over,
                actions: { type: 'learn', params: { service, as: 'cancelled' } },
              },
              onError: [{ guard: 'isPermanent', target: failed }, { target: 'retrying' }],
            },
            after: { [`${cancel}.timeout`]: 'retrying' },
          },
          retrying: {
            after: { [`${cancel}.retry`]: 'running' },
            on: {
              'backstep.retry': { guard: isMeant, target: 'running' },
              'backstep.accept-partial': { ...giveUp, guard: 'waitsForPerson', target: over },
            },
          },
        },
      },
      failed: {
        tags: ['compensation_failed'],
        on: {
          'backstep.retry': { guard: isMeant, target: 'cancelling' },
          'backstep.skip': giveUp,
          'backstep.accept-partial': giveUp,
        },
      },
      over: { type: 'final' },
    },
  });
}

const machine = travel.createMachine({
  id: 'trip',
  context: ({ input }) => ({
    trip: input,
    bookings: { hotel: 'none', flight: 'none', car: 'none' },
    attempt: 1,
    isChargeDoubtful: false,
  }),
  initial: 'booking',
  states: {
    booking: {
      type: 'parallel',
      states: {
        hotel: bookingOf('hotel', 'bookHotel'),
        flight: bookingOf('flight', 'bookFlight'),
        car: bookingOf('car', 'bookCar'),
      },
      onDone: 'approval',
      after: { booking: 'compensating' },
      on: { reject: 'compensating', 'backstep.cancel': 'compensating' },
    },
    approval: {
      tags: ['waiting'],
      after: { approval: 'compensating' },
      on: {
        approve: 'charging',
        reject: 'compensating',
        'backstep.cancel': 'compensating',
      },
    },
    charging: {
      entry: 'firstAttempt',
      initial: 'running',
      states: {
        running: {
          meta: { step: 'chargeTrip', kind: 'pivot' },
          invoke: {
            id: 'chargeTrip',
            src: 'chargeTrip',
            input: ({ context }) => chargeOf(context),
            onDone: '#trip.issuing',
            onError: [
              { guard: hasLeft(chargeRetry), target: 'retrying', actions: 'rememberDoubt' },
              { guard: 'mayBeCharged', target: 'in_doubt', actions: 'rememberDoubt' },
              { target: '#trip.compensating' },
            ],
          },
          after: {
            'chargeTrip.timeout': [
              {
                guard: hasLeft(chargeRetry),
                target: 'retrying',
                actions: 'doubtCharge',
              },
              { target: 'in_doubt', actions: 'doubtCharge' },
            ],
          },
        },
        retrying: {
          after: { 'chargeTrip.retry': { target: 'running', actions: 'nextAttempt' } },
          on: {
            'backstep.retry': { target: 'running', actions: 'nextAttempt' },
            'backstep.cancel': { guard: 'isChargeCertain', target: '#trip.compensating' },
          },
        },
        // Nobody but the bank knows. A person finds out and says so: it was charged (`skip`, go on
        // without its answer), it was not and never will be (`compensate`), or try again under the
        // same key (`retry`).
        in_doubt: {
          tags: ['failed'],
          on: {
            'backstep.skip': '#trip.issuing',
            'backstep.compensate': '#trip.compensating',
            'backstep.retry': '#trip.charging',
          },
        },
      },
    },
    issuing: {
      entry: 'firstAttempt',
      initial: 'running',
      states: {
        running: {
          meta: { step: 'issueTickets', kind: 'retriable' },
          invoke: {
            id: 'issueTickets',
            src: 'issueTickets',
            input: ({ context }) => requestOf(context),
            onDone: '#trip.completed',
            onError: [{ guard: hasLeft(ticketRetry), target: 'retrying' }, { target: 'failed' }],
          },
          after: {
            'issueTickets.timeout': [
              { guard: hasLeft(ticketRetry), target: 'retrying' },
              { target: 'failed' },
            ],
          },
        },
        retrying: {
          after: { 'issueTickets.retry': { target: 'running', actions: 'nextAttempt' } },
          on: { 'backstep.retry': { target: 'running', actions: 'nextAttempt' } },
        },
        failed: {
          tags: ['failed'],
          on: {
            'backstep.retry': '#trip.issuing',
            'backstep.skip': '#trip.partially_completed',
          },
        },
      },
    },
    compensating: {
      type: 'parallel',
      tags: ['compensating'],
      entry: ['doubtWhatIsOpen', 'forgetCharge'],
      states: {
        // Side by side, and begun in reverse order of start.
        car: cancellationOf('car', 'bookCar', 'cancelCar'),
        flight: cancellationOf('flight', 'bookFlight', 'cancelFlight'),
        hotel: cancellationOf('hotel', 'bookHotel', 'cancelHotel'),
      },
      onDone: [
        { guard: 'isAnyGivenUp', target: 'partially_compensated' },
        { target: 'compensated' },
      ],
    },
    completed: {
      type: 'final',
      entry: emit(({ context }) => ({
        type: 'trip.completed' as const,
        tripId: context.trip.tripId,
      })),
    },
    // The trip is paid, but a person gave its tickets up.
    partially_completed: { type: 'final', tags: ['failed'] },
    compensated: { type: 'final', tags: ['compensated'] },
    // A person gave a cancellation up: it stands as failed for ever.
    partially_compensated: { type: 'final', tags: ['compensation_failed'] },
  },
  output: ({ context }) => ({ bookings: context.bookings }),
});

export const tripSaga = durable<TripActivities>(machine, {
  version: 1,
  input: TripInput,
  // A traveller may approve before the last booking is there.
  keepsEarly: ['approve'],
  editable: ['trip'],
  examples: {
    input: {
      tripId: 'trip-1',
      traveller: 'traveller-1',
      destination: 'Lisbon',
      nights: 3,
      amountMinor: 89_900,
      currency: 'EUR',
      approveWithinMs: 86_400_000,
    },
  },
});

function hasLeft({ attempts }: { readonly attempts: number }) {
  return { type: 'hasAttemptsLeft', params: { attempts } } as const;
}
