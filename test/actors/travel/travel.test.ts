/** The travel participants on a real store: one effect per key, fences, what they refuse. */
import { beforeEach, describe, expect, test } from 'vitest';
import {
  BANK_LIMIT_MINOR,
  createTravel,
  type TravelActivities,
  type TravelWriter,
} from '../../../actors/travel/travel.ts';
import {
  readPlaces,
  type TravelReader,
  type TravelTables,
} from '../../../actors/travel/travel-places.ts';
import type { ActivityContext } from '../../../src/core/activity.ts';
import { connect, openTestStore, temporaryDatabase } from '../../store/store-fixture.ts';
import { contextOf, DEMO_MIGRATIONS } from '../demo-database.ts';

const TRIP = { tripId: 't-1', traveller: 'traveller-1', destination: 'Lisbon', nights: 2 };
const CHARGE = { tripId: 't-1', traveller: 'traveller-1', amountMinor: 5_000, currency: 'EUR' };
const FORWARD = 'saga-1/bookHotel/forward/1';
const STEP = contextOf({ key: FORWARD });
const UNDO = contextOf({ key: 'saga-1/bookHotel/compensate/1', forwardKey: FORWARD });

let travel: TravelActivities;
let reader: TravelReader;
let db: ReturnType<typeof connect>;

beforeEach(async () => {
  const path = temporaryDatabase();
  const store = await openTestStore({ path, migrationsFolder: DEMO_MIGRATIONS });
  travel = createTravel({ write: store.write.bind(store) });
  reader = store.reader<TravelTables>();
  db = connect(path);
});

function taken(service: string, destination = 'Lisbon'): unknown {
  const sql = 'SELECT taken FROM trip_places WHERE service = ? AND destination = ?';
  return db.prepare(sql).pluck().get(service, destination);
}

function bookings(): unknown[] {
  return db.prepare('SELECT service, status FROM trip_bookings ORDER BY id').all();
}

describe('a booking', () => {
  test.each([
    ['hotel', 'bookHotel', 'cancelHotel'],
    ['flight', 'bookFlight', 'cancelFlight'],
    ['car', 'bookCar', 'cancelCar'],
  ] as const)(
    'of a %s takes a place once, and gives it back once',
    async (service, book, cancel) => {
      await travel[book](TRIP, STEP);
      await travel[book](TRIP, STEP);
      expect(taken(service)).toBe(1);
      await travel[cancel](TRIP, UNDO);
      await travel[cancel](TRIP, UNDO);
      expect(taken(service)).toBe(0);
      expect(bookings()).toEqual([{ service, status: 'cancelled' }]);
    },
  );

  test('that was cancelled, before or after it came, is refused under its key', async () => {
    await travel.cancelHotel(TRIP, UNDO);
    expect(bookings()).toEqual([{ service: 'hotel', status: 'fenced' }]);
    await expect(travel.bookHotel(TRIP, STEP)).rejects.toMatchObject({ code: 'fenced' });
    const another = contextOf({ key: 'saga-1/bookHotel/forward/2' });
    await travel.bookHotel(TRIP, another);
    await travel.cancelHotel(TRIP, { ...UNDO, forwardKey: another.key });
    await expect(travel.bookHotel(TRIP, another)).rejects.toMatchObject({ code: 'fenced' });
    expect(taken('hotel')).toBe(0);
  });

  test('is refused for certain where there is none, and leaves nothing behind', async () => {
    const venice = { ...TRIP, destination: 'Venice' };
    await expect(travel.bookCar(venice, STEP)).rejects.toMatchObject({ code: 'sold-out' });
    const nowhere = { ...TRIP, destination: 'Atlantis' };
    await expect(travel.bookFlight(nowhere, STEP)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'no-service',
    });
    expect(bookings()).toEqual([]);
  });

  test('gives away the last place once', async () => {
    db.exec("UPDATE trip_places SET capacity = 1 WHERE service = 'hotel'");
    await travel.bookHotel(TRIP, STEP);
    const other = contextOf({ key: 'saga-2/bookHotel/forward/1' });
    await expect(travel.bookHotel(TRIP, other)).rejects.toMatchObject({ code: 'sold-out' });
    expect(taken('hotel')).toBe(1);
  });

  test('cannot be cancelled by a call that is no compensation', async () => {
    await expect(travel.cancelHotel(TRIP, STEP)).rejects.toMatchObject({ code: 'no-forward-key' });
  });
});

describe('the places', () => {
  test('are shown with what is taken, and say when the books do not agree', async () => {
    await travel.bookCar(TRIP, STEP);
    const { rows, figures } = await readPlaces(reader);
    expect(rows).toContainEqual(['Lisbon', 'car', 10_000, 1, 1]);
    expect(rows).toContainEqual(['Venice', 'car', 0, 0, 0]);
    expect(figures[0]).toMatchObject({ value: 'holds', holds: true });
    db.exec("UPDATE trip_places SET taken = 7 WHERE service = 'car' AND destination = 'Oslo'");
    expect((await readPlaces(reader)).figures[0]).toMatchObject({ value: 'broken', holds: false });
  });
});

describe('the bank and the ticket office', () => {
  test('charge and issue once per key', async () => {
    const context: ActivityContext = contextOf({ key: 'saga-1/chargeTrip/forward/1' });
    await travel.chargeTrip(CHARGE, context);
    expect(await travel.chargeTrip(CHARGE, context)).toEqual({ receipt: context.key });
    await travel.issueTickets(TRIP, STEP);
    await travel.issueTickets(TRIP, STEP);
    expect(db.prepare('SELECT amount_minor FROM trip_charges').pluck().all()).toEqual([5_000]);
    expect(db.prepare('SELECT trip_id FROM trip_tickets').pluck().all()).toEqual(['t-1']);
  });

  test('decline what is above the limit, to the cent', async () => {
    const most = { ...CHARGE, amountMinor: BANK_LIMIT_MINOR };
    await travel.chargeTrip(most, STEP);
    const more = { ...CHARGE, amountMinor: BANK_LIMIT_MINOR + 1 };
    await expect(travel.chargeTrip(more, UNDO)).rejects.toMatchObject({ code: 'declined' });
  });

  test('leave the outcome open when the store did not write', async () => {
    const write: TravelWriter = () => Promise.resolve({ kind: 'rejected', message: 'busy' });
    const closed = createTravel({ write });
    await expect(closed.issueTickets(TRIP, STEP)).rejects.toThrow('not written: busy');
    await expect(closed.issueTickets(TRIP, STEP)).rejects.not.toMatchObject({
      name: 'PermanentError',
    });
  });
});
