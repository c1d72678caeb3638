/** Trips over HTTP on real processes: approved, killed in the middle, rejected, forgotten, refused. */
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { serverBelow, type Site, siteFor, until } from './site.ts';

const TEST_LIMIT_MS = 60_000;
const READY = /^Backstep is ready: /;

interface TripView {
  readonly id: string;
  readonly status: string;
  readonly steps: readonly { readonly name: string; readonly status: string }[];
}

const tripOf = (tripId: string, more: object = {}): object => ({
  tripId,
  traveller: 'traveller-1',
  destination: 'Lisbon',
  nights: 3,
  amountMinor: 89_900,
  ...more,
});

async function start(site: Site, input: object): Promise<string> {
  const { status, body } = await site.call<{ id: string }>('POST', '/api/sagas/trip', { input });
  expect(status).toBe(202);
  return body.id;
}

/** Resolves once the trip has this status. */
async function reached(site: Site, id: string, status: string): Promise<TripView> {
  await until(`trip ${id} is ${status}`, async () => (await view(site, id)).status === status);
  return view(site, id);
}

function view(site: Site, id: string): Promise<TripView> {
  return site.get(`/api/sagas/${id}`);
}

function tell(site: Site, id: string, event: object) {
  return site.call<TripView>('POST', `/api/sagas/${id}/events`, event);
}

/** A number from the database, read beside the running server. */
function count(site: Site, sql: string): unknown {
  const db = new Database(site.database, { readonly: true });
  try {
    return db.prepare(sql).pluck().get();
  } finally {
    db.close();
  }
}

const statuses = ({ steps }: TripView): Record<string, string> =>
  Object.fromEntries(steps.map(({ name, status }) => [name, status]));

const BOOKED_AND_CANCELLED = {
  bookHotel: 'compensated',
  bookFlight: 'compensated',
  bookCar: 'compensated',
};

describe('a trip', () => {
  test(
    'that is approved comes through kill -9 while it is charged, with one charge',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      const launcher = await site.launch();
      // Slower than the kill, quicker than the time-out of the attempt.
      await site.fault('chargeTrip', { latencyMs: 2_000 });
      const id = await start(site, tripOf('t-1'));
      await reached(site, id, 'waiting');
      const told = await tell(site, id, { type: 'approve', id: 'approve-1' });
      expect(told.status).toBe(202);
      await site.seen(({ saga, to }) => saga === id && to === 'charging.running');
      process.kill(serverBelow(launcher), 'SIGKILL');
      await launcher.line(READY, 2);
      const again = await tell(site, id, { type: 'approve', id: 'approve-1' });
      expect(again.status).toBe(202); // the same event once more: it was taken
      const done = await reached(site, id, 'completed');
      expect(new Set(Object.values(statuses(done)))).toEqual(new Set(['completed']));
      expect(count(site, 'SELECT count(*) FROM trip_charges')).toBe(1);
      expect(count(site, 'SELECT sum(taken) FROM trip_places')).toBe(3);
      const journal = await site.journal(id);
      const notes = journal.filter(({ event }) => event === 'approve').map(({ kind }) => kind);
      expect(notes[0]).toBe('transition');
      expect(notes.slice(1)).toEqual(Array(notes.length - 1).fill('note'));
    },
    TEST_LIMIT_MS,
  );
});

describe('a trip that does not take place', () => {
  test(
    'is cancelled whole: rejected, left to its deadline, or refused by one service',
    async ({ onTestFinished }) => {
      const site = await siteFor(onTestFinished);
      await site.launch();
      const rejected = await start(site, tripOf('t-2'));
      await reached(site, rejected, 'waiting');
      await tell(site, rejected, { type: 'reject', reason: 'too dear' });
      expect(statuses(await reached(site, rejected, 'compensated'))).toMatchObject(
        BOOKED_AND_CANCELLED,
      );

      const forgotten = await start(site, tripOf('t-3', { approveWithin: '1s' }));
      expect(statuses(await reached(site, forgotten, 'compensated'))).toMatchObject(
        BOOKED_AND_CANCELLED,
      );
      const late = await tell(site, forgotten, { type: 'approve' });
      expect(late.status).toBe(409);

      // Nobody rents a car in Venice.
      const refused = await start(site, tripOf('t-4', { destination: 'Venice' }));
      const { bookCar } = statuses(await reached(site, refused, 'compensated'));
      expect(bookCar).toBe('failed');

      expect(count(site, 'SELECT sum(taken) FROM trip_places')).toBe(0);
      expect(count(site, 'SELECT count(*) FROM trip_charges')).toBe(0);

      const input = tripOf('t-5', { approveWithin: 'soon' });
      const answer = await site.call('POST', '/api/sagas/trip', { input });
      expect(answer.status).toBe(422);
      expect(JSON.stringify(answer.body)).toContain('such as 24h');
    },
    TEST_LIMIT_MS,
  );
});
