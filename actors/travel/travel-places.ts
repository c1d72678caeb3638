/**
 * What the travel participants show of themselves: places taken, and whether the books agree.
 *
 * Must never change anything. Content is plain data, for whoever renders it.
 */
import type { Kysely } from 'kysely';

/** The tables as Kysely sees them; the DDL is in migrations/demo/0004-trip-demo.ts. */
export interface TravelTables {
  trip_places: { service: string; destination: string; capacity: number; taken: number };
  trip_bookings: { service: string; destination: string; status: string };
}

/** Reads of the tables; `store.reader<TravelTables>()` fits. */
export type TravelReader = Pick<Kysely<TravelTables>, 'selectFrom'>;

/** A table for a page. */
export interface PlacesPanel {
  readonly figures: readonly {
    readonly label: string;
    readonly value: string;
    readonly holds: boolean;
  }[];
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  readonly empty: string;
  readonly nextCursor: null;
}

/** Every place, and the invariant that `taken` is the number of booked bookings. */
export async function readPlaces(reader: TravelReader): Promise<PlacesPanel> {
  // One statement, so that both figures of a place are of the same moment; one pass over bookings.
  const rows = await reader
    .selectFrom('trip_places as place')
    .leftJoin(
      (from) =>
        from
          .selectFrom('trip_bookings')
          .select(({ fn }) => ['service', 'destination', fn.countAll<number>().as('count')])
          .where('status', '=', 'booked')
          .groupBy(['service', 'destination'])
          .as('booking'),
      (join) =>
        join
          .onRef('booking.service', '=', 'place.service')
          .onRef('booking.destination', '=', 'place.destination'),
    )
    .select(['place.service', 'place.destination', 'capacity', 'taken'])
    .select(({ fn, val }) => fn.coalesce('booking.count', val(0)).as('booked'))
    .orderBy('place.destination')
    .orderBy('place.service')
    .execute();
  const holds = rows.every(({ taken, booked }) => taken === booked);
  return {
    figures: [
      { label: 'places taken = bookings that stand', value: holds ? 'holds' : 'broken', holds },
    ],
    columns: ['Destination', 'Service', 'Capacity', 'Taken', 'Booked'],
    rows: rows.map(({ destination, service, capacity, taken, booked }) => [
      destination,
      service,
      capacity,
      taken,
      booked,
    ]),
    empty: 'No places: run npm run migrate.',
    nextCursor: null,
  };
}
