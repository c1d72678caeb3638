/**
 * The travel participants: hotel, airline and car rental, the bank of the traveller, the ticket
 * office.
 *
 * They stand for services of other companies: each call is a transaction of its own, apart from the
 * turn that records it, so that a crash in between leaves a step in doubt, as with those. Must
 * never read a place and then take it: every condition is part of the statement that relies on it.
 * Invariant: `taken` of a place is the number of its booked bookings. Every call may run any number
 * of times with one effect; a cancellation that comes first leaves a fence, and a booking under
 * that key is then refused.
 */
import type { ExpectedStatement, RemoteActivity } from '../../src/core/activity.ts';
import { PermanentError } from '../../src/core/failure.ts';
import type { TripCharge, TripRequest } from '../../machines/trip-parts.ts';
import { forwardKeyOf } from '../forward-key.ts';

/** Writes all statements in one transaction or none; `store.write` fits. */
export type TravelWriter = (
  statements: readonly ExpectedStatement[],
) => Promise<
  | { readonly kind: 'committed' }
  | { readonly kind: 'unmet'; readonly code: string; readonly message: string }
  | { readonly kind: 'rejected'; readonly message: string }
>;

/** Who hears of trips: nobody here does anything about a completed one, and that is meant. */
export const tripEvents = { 'trip.completed': (): void => {} };

/** More than the bank gives for one trip. */
export const BANK_LIMIT_MINOR = 1_000_000;

type Book = RemoteActivity<TripRequest, { reference: string }>;
type Cancel = RemoteActivity<TripRequest, void>;

/** Every activity of a trip. */
export interface TravelActivities {
  /**
   * Books once per key. Fails permanently with `no-service` where the service does not go, with
   * `sold-out`, or with `fenced` when it was cancelled before.
   */
  readonly bookHotel: Book;
  readonly bookFlight: Book;
  readonly bookCar: Book;
  /** Gives back what the step booked; accepts that it never did, and fences its key. */
  readonly cancelHotel: Cancel;
  readonly cancelFlight: Cancel;
  readonly cancelCar: Cancel;
  /** Charges once per key. Fails permanently with `declined` above the bank's limit. */
  readonly chargeTrip: RemoteActivity<TripCharge, { receipt: string }>;
  /** Issues the tickets once per key. */
  readonly issueTickets: RemoteActivity<TripRequest, { tickets: number }>;
}

/** Flight, hotel voucher, car voucher. */
const TICKETS_PER_TRIP = 3;

/** Touches an existing row without changing it, so that one change means: it is offered there. */
const RECORD_BOOKING = `
  INSERT INTO trip_bookings
    (booking_key, service, destination, saga_id, trip_id, traveller, nights, status, booked_at)
  SELECT $1, service, destination, $2, $3, $4, $5, 'new', $6 FROM trip_places
  WHERE service = $7 AND destination = $8
  ON CONFLICT (booking_key) DO UPDATE SET trip_id = excluded.trip_id`;

/** Takes nothing for a booking that is not new, so that a repeated call has no effect. */
const TAKE_PLACE = `
  UPDATE trip_places SET taken = taken + wanted.places
  FROM (
    SELECT service, destination, CASE status WHEN 'new' THEN 1 ELSE 0 END AS places
    FROM trip_bookings WHERE booking_key = $1
  ) AS wanted
  WHERE trip_places.service = wanted.service AND trip_places.destination = wanted.destination
    AND taken + wanted.places <= capacity`;

const CONFIRM_BOOKING = `
  UPDATE trip_bookings SET status = 'booked'
  WHERE booking_key = $1 AND status IN ('new', 'booked')`;

const FENCE_BOOKING = `
  INSERT INTO trip_bookings
    (booking_key, service, destination, saga_id, trip_id, traveller, nights, status, cancelled_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7, 'fenced', $8)
  ON CONFLICT (booking_key) DO NOTHING`;

const GIVE_PLACE_BACK = `
  UPDATE trip_places SET taken = taken - 1
  FROM (
    SELECT service, destination FROM trip_bookings WHERE booking_key = $1 AND status = 'booked'
  ) AS held
  WHERE trip_places.service = held.service AND trip_places.destination = held.destination`;

const CANCEL_BOOKING = `
  UPDATE trip_bookings SET status = 'cancelled', cancelled_at = $1
  WHERE booking_key = $2 AND status = 'booked'`;

const RECORD_CHARGE = `
  INSERT INTO trip_charges
    (charge_key, saga_id, trip_id, traveller, amount_minor, currency, charged_at)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (charge_key) DO NOTHING`;

const RECORD_TICKETS = `
  INSERT INTO trip_tickets (issue_key, saga_id, trip_id, traveller, issued_at)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (issue_key) DO NOTHING`;

/** All activities, over one database. */
export function createTravel({ write }: { readonly write: TravelWriter }): TravelActivities {
  return {
    bookHotel: bookAt('hotel', write),
    cancelHotel: cancelAt('hotel', write),
    bookFlight: bookAt('flight', write),
    cancelFlight: cancelAt('flight', write),
    bookCar: bookAt('car', write),
    cancelCar: cancelAt('car', write),
    chargeTrip: async ({ tripId, traveller, amountMinor, currency }, { key, sagaId, nowMs }) => {
      if (amountMinor > BANK_LIMIT_MINOR) {
        throw new PermanentError('declined', 'the bank declined: the amount is above its limit');
      }
      const parameters = [key, sagaId, tripId, traveller, amountMinor, currency, nowMs];
      await commit(write, [{ sql: RECORD_CHARGE, parameters }]);
      return { receipt: key };
    },
    issueTickets: async ({ tripId, traveller }, { key, sagaId, nowMs }) => {
      const parameters = [key, sagaId, tripId, traveller, nowMs];
      await commit(write, [{ sql: RECORD_TICKETS, parameters }]);
      return { tickets: TICKETS_PER_TRIP };
    },
  };
}

type Service = 'hotel' | 'flight' | 'car';

function bookAt(service: Service, write: TravelWriter): Book {
  return async ({ tripId, traveller, destination, nights }, { key, sagaId, nowMs }) => {
    const who = [sagaId, tripId, traveller, nights];
    // The place is taken while the booking is still new, then the booking is confirmed.
    await commit(write, [
      {
        sql: RECORD_BOOKING,
        parameters: [key, ...who, nowMs, service, destination],
        expect: { changes: 1, code: 'no-service', message: `no ${service} in ${destination}` },
      },
      {
        sql: TAKE_PLACE,
        parameters: [key],
        expect: {
          changes: 1,
          code: 'sold-out',
          message: `every ${service} in ${destination} is taken`,
        },
      },
      {
        sql: CONFIRM_BOOKING,
        parameters: [key],
        expect: { changes: 1, code: 'fenced', message: `this ${service} was cancelled before` },
      },
    ]);
    return { reference: key };
  };
}

function cancelAt(service: Service, write: TravelWriter): Cancel {
  return async ({ tripId, traveller, destination, nights }, context) => {
    const forwardKey = forwardKeyOf(context);
    const { sagaId, nowMs } = context;
    const row = [forwardKey, service, destination, sagaId, tripId, traveller, nights, nowMs];
    // The place goes back while the booking still holds it.
    await commit(write, [
      { sql: FENCE_BOOKING, parameters: row },
      { sql: GIVE_PLACE_BACK, parameters: [forwardKey] },
      { sql: CANCEL_BOOKING, parameters: [nowMs, forwardKey] },
    ]);
  };
}

/** Unmet: the service says no for certain. Rejected: the store did, and it is tried again. */
async function commit(
  write: TravelWriter,
  statements: readonly ExpectedStatement[],
): Promise<void> {
  const outcome = await write(statements);
  switch (outcome.kind) {
    case 'committed':
      return;
    case 'unmet':
      throw new PermanentError(outcome.code, outcome.message);
    case 'rejected':
      throw new Error(`not written: ${outcome.message}`);
  }
}
