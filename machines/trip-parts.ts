/**
 * What the trip machine is made of: its contract, its input, its context, and the actions, guards
 * and delays that the drawing in `trip.ts` names.
 *
 * Invariant: every type here survives JSON.
 */
import { assign, or, setup, stateIn } from 'xstate';
import { z } from 'zod';
import { activity } from '../src/core/activity.ts';
import { parseDuration } from '../src/core/duration.ts';
import { isFailure } from '../src/core/failure.ts';
import { delayAfterMs, exponential } from '../src/core/retry-policy.ts';

/** What a hotel, an airline or a car rental is asked for. */
export interface TripRequest {
  readonly tripId: string;
  readonly traveller: string;
  readonly destination: string;
  readonly nights: number;
}

/** Money for the whole trip, in minor units of the currency. */
export interface TripCharge {
  readonly tripId: string;
  readonly traveller: string;
  readonly amountMinor: number;
  readonly currency: string;
}

/** The activities of the trip saga. */
export type TripActivities = {
  bookHotel: (input: TripRequest) => { reference: string };
  cancelHotel: (input: TripRequest) => void;
  bookFlight: (input: TripRequest) => { reference: string };
  cancelFlight: (input: TripRequest) => void;
  bookCar: (input: TripRequest) => { reference: string };
  cancelCar: (input: TripRequest) => void;
  chargeTrip: (input: TripCharge) => { receipt: string };
  issueTickets: (input: TripRequest) => { tickets: number };
};

const MAX_APPROVAL_MS = 30 * 86_400_000;
const text = z.string().trim().min(1).max(100);

const ApprovalTime = z.string().transform((value, context) => {
  const ms = parseDuration(value);
  if (ms !== null && ms > 0 && ms <= MAX_APPROVAL_MS) return Math.ceil(ms);
  context.addIssue({ code: 'custom', message: 'must be a duration up to 30d, such as 24h or 90s' });
  return z.NEVER;
});

/** What starts a trip saga. Unknown members are refused: a mistyped option must not be lost. */
export const TripInput = z
  .strictObject({
    tripId: text,
    traveller: text,
    destination: text,
    nights: z.int().min(1).max(60),
    /** In minor units: 49900 is 499.00. */
    amountMinor: z.int().min(1).max(100_000_000),
    currency: z.enum(['EUR', 'USD']).default('EUR'),
    /** How long the traveller may think it over. */
    approveWithin: ApprovalTime.default(86_400_000),
  })
  .transform(({ approveWithin, ...trip }) => ({ ...trip, approveWithinMs: approveWithin }));

export type Service = 'hotel' | 'flight' | 'car';

/**
 * What is known of one booking: `none` there is none; `asked` an attempt runs or has answered
 * nothing; `doubtful` an attempt may have had its effect; `booked`; `cancelled`; `given-up`: a
 * person said that its cancellation is not tried any more.
 */
type Knowledge = 'none' | 'asked' | 'doubtful' | 'booked' | 'cancelled' | 'given-up';

interface TripContext {
  readonly trip: z.output<typeof TripInput>;
  readonly bookings: Readonly<Record<Service, Knowledge>>;
  /** Of the charge, then of the tickets: the attempt under way. */
  readonly attempt: number;
  /** An earlier attempt of the charge may have had its effect. */
  readonly isChargeDoubtful: boolean;
}

type TripEvent =
  | { readonly type: 'approve' }
  | { readonly type: 'reject'; readonly reason?: string }
  | { readonly type: 'backstep.cancel' }
  | { readonly type: 'backstep.compensate' }
  | { readonly type: 'backstep.retry' }
  | { readonly type: 'backstep.skip'; readonly step?: string }
  | { readonly type: 'backstep.accept-partial' };

export const chargeRetry = exponential({ first: '500ms', max: '5s', attempts: 4 });
export const ticketRetry = exponential({ first: '1s', factor: 3, max: '15m', attempts: 12 });

type ServiceParams = { readonly service: Service };

/** The trip machine's setup; its states are drawn from this. */
export const travel = setup({
  types: {
    context: {} as TripContext,
    input: {} as TripContext['trip'],
    events: {} as TripEvent,
    emitted: {} as { type: 'trip.completed'; tripId: string },
  },
  actors: {
    bookHotel: activity<TripRequest, { reference: string }>(),
    cancelHotel: activity<TripRequest, void>(),
    bookFlight: activity<TripRequest, { reference: string }>(),
    cancelFlight: activity<TripRequest, void>(),
    bookCar: activity<TripRequest, { reference: string }>(),
    cancelCar: activity<TripRequest, void>(),
    chargeTrip: activity<TripCharge, { receipt: string }>(),
    issueTickets: activity<TripRequest, { tickets: number }>(),
  },
  actions: {
    /** An attempt to book starts: from now on there may be something to cancel. */
    ask: assign(({ context }, { service }: ServiceParams) =>
      know(context, service, context.bookings[service] === 'doubtful' ? 'doubtful' : 'asked'),
    ),
    learn: assign(({ context }, { service, as }: ServiceParams & { readonly as: Knowledge }) =>
      know(context, service, as),
    ),
    /** Only a certain refusal of what was never in doubt leaves nothing to cancel. */
    learnOfFailure: assign(({ context, event }, { service }: ServiceParams) => {
      const isCertain = context.bookings[service] === 'asked' && !isAmbiguous(event);
      return know(context, service, isCertain ? 'none' : 'doubtful');
    }),
    /** An attempt that was left gets no answer any more. */
    doubtWhatIsOpen: assign({
      bookings: ({ context: { bookings } }) => ({
        hotel: doubtIfOpen(bookings.hotel),
        flight: doubtIfOpen(bookings.flight),
        car: doubtIfOpen(bookings.car),
      }),
    }),
    firstAttempt: assign({ attempt: 1 }),
    nextAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
    rememberDoubt: assign({
      isChargeDoubtful: ({ context, event }) => context.isChargeDoubtful || isAmbiguous(event),
    }),
    forgetCharge: assign({ attempt: 1, isChargeDoubtful: false }),
    doubtCharge: assign({ isChargeDoubtful: true }),
  },
  guards: {
    isPermanent: ({ event }) => isPermanent(event),
    isOwed: ({ context }, { service }: ServiceParams) => context.bookings[service] !== 'none',
    isAnyGivenUp: ({ context }) => Object.values(context.bookings).includes('given-up'),
    /** Some cancellation failed for good, this one or another. */
    waitsForPerson: or([
      stateIn({ compensating: { hotel: 'failed' } }),
      stateIn({ compensating: { flight: 'failed' } }),
      stateIn({ compensating: { car: 'failed' } }),
    ]),
    /** A command may name one step of several that wait for a person. */
    isMeant: ({ event }, { step }: { readonly step: string }) => {
      const meant: unknown = Reflect.get(event, 'step');
      return meant === undefined || meant === step;
    },
    hasAttemptsLeft: ({ context, event }, { attempts }: { readonly attempts: number }) =>
      context.attempt < attempts && !isPermanent(event),
    mayBeCharged: ({ context, event }) => context.isChargeDoubtful || isAmbiguous(event),
    isChargeCertain: ({ context }) => !context.isChargeDoubtful,
  },
  delays: {
    'bookHotel.timeout': 3_000,
    'bookHotel.retry': 1_000,
    'cancelHotel.timeout': 3_000,
    'cancelHotel.retry': 2_000,
    'bookFlight.timeout': 3_000,
    'bookFlight.retry': 1_000,
    'cancelFlight.timeout': 3_000,
    'cancelFlight.retry': 2_000,
    'bookCar.timeout': 3_000,
    'bookCar.retry': 1_000,
    'cancelCar.timeout': 3_000,
    'cancelCar.retry': 2_000,
    'chargeTrip.timeout': 5_000,
    'chargeTrip.retry': ({ context }) => delayOf(chargeRetry, context),
    'issueTickets.timeout': 10_000,
    'issueTickets.retry': ({ context }) => delayOf(ticketRetry, context),
    /** All bookings, all their attempts. */
    booking: 60_000,
    /** One cancellation, all its attempts. */
    cancellation: 300_000,
    approval: ({ context }) => context.trip.approveWithinMs,
  },
});

function know({ bookings }: TripContext, service: Service, as: Knowledge) {
  return { bookings: { ...bookings, [service]: as } };
}

function doubtIfOpen(known: Knowledge): Knowledge {
  return known === 'asked' ? 'doubtful' : known;
}

function delayOf(policy: typeof chargeRetry, { attempt, trip }: TripContext): number {
  return delayAfterMs(policy, attempt, trip.tripId);
}

/** What every service is asked with. */
export function requestOf({ trip }: TripContext): TripRequest {
  const { tripId, traveller, destination, nights } = trip;
  return { tripId, traveller, destination, nights };
}

/** What the bank is asked with. */
export function chargeOf({ trip }: TripContext): TripCharge {
  const { tripId, traveller, amountMinor, currency } = trip;
  return { tripId, traveller, amountMinor, currency };
}

// What an activity fails with arrives as a `Failure`.
function isAmbiguous(event: object): boolean {
  const error: unknown = Reflect.get(event, 'error');
  return isFailure(error) && error.ambiguous;
}

function isPermanent(event: object): boolean {
  const error: unknown = Reflect.get(event, 'error');
  return isFailure(error) && !error.retryable;
}
