/**
 * Tables of the trip demo: places that can be booked, bookings, charges, tickets.
 *
 * Must never change after release: a later change is a later migration. Invariant: times are
 * integer milliseconds since 1970, money is integer minor units, and the database itself refuses a
 * place that is given away twice.
 */
import { sql, type Kysely } from 'kysely';
import { createTable, type DatabaseKind } from './shared/create-table.ts';

const DESTINATIONS = ['Lisbon', 'Oslo', 'Rome', 'Venice', 'Vienna'] as const;
const SERVICES = ['hotel', 'flight', 'car'] as const;
const CAPACITY = 10_000;

/** In order of creation; `down` drops them in reverse. */
const TABLES: readonly (readonly [name: string, columns: string])[] = [
  [
    'trip_places',
    `service TEXT NOT NULL,
     destination TEXT NOT NULL,
     capacity INTEGER NOT NULL CHECK (capacity >= 0),
     taken INTEGER NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND capacity),
     PRIMARY KEY (service, destination)`,
  ],
  [
    'trip_bookings',
    `id INTEGER PRIMARY KEY,
     booking_key TEXT NOT NULL UNIQUE,
     service TEXT NOT NULL,
     destination TEXT NOT NULL,
     saga_id TEXT NOT NULL,
     trip_id TEXT NOT NULL,
     traveller TEXT NOT NULL,
     nights INTEGER NOT NULL CHECK (nights > 0),
     status TEXT NOT NULL CHECK (status IN ('new', 'booked', 'cancelled', 'fenced')),
     booked_at INTEGER,
     cancelled_at INTEGER`,
  ],
  [
    'trip_charges',
    `id INTEGER PRIMARY KEY,
     charge_key TEXT NOT NULL UNIQUE,
     saga_id TEXT NOT NULL,
     trip_id TEXT NOT NULL,
     traveller TEXT NOT NULL,
     amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
     currency TEXT NOT NULL,
     charged_at INTEGER NOT NULL`,
  ],
  [
    'trip_tickets',
    `id INTEGER PRIMARY KEY,
     issue_key TEXT NOT NULL UNIQUE,
     saga_id TEXT NOT NULL,
     trip_id TEXT NOT NULL,
     traveller TEXT NOT NULL,
     issued_at INTEGER NOT NULL`,
  ],
];

/** Creates the tables. Venice has no rental cars, so that a trip there is always cancelled. */
export async function up(db: Kysely<unknown>, kind: DatabaseKind = 'sqlite'): Promise<void> {
  for (const [name, columns] of TABLES) {
    await createTable(db, kind, name, columns);
  }
  for (const service of SERVICES) {
    for (const destination of DESTINATIONS) {
      const capacity = service === 'car' && destination === 'Venice' ? 0 : CAPACITY;
      await sql`INSERT INTO trip_places (service, destination, capacity)
        VALUES (${service}, ${destination}, ${capacity})`.execute(db);
    }
  }
}

/** Drops everything `up` created, bookings included. */
export async function down(db: Kysely<unknown>): Promise<void> {
  for (const [name] of TABLES.toReversed()) {
    await sql`DROP TABLE ${sql.ref(name)}`.execute(db);
  }
}
