/** What tests of who owns a database of PostgreSQL have in common. */
import { expect } from 'vitest';
import type { PostgresTimings } from '../../../src/store/postgres/ownership/timings.ts';
import type { Store, StoreHealth } from '../../../src/store/store.ts';
import type { PostgresStoreDatabase } from '../../postgres/postgres-store.ts';

/** So that an owner on a busy machine is not taken for one that hangs. */
export const TIMINGS: Partial<PostgresTimings> = {
  beatEveryMs: 100,
  pollEveryMs: 50,
  deadAfterMs: 500,
  hungAfterMs: 10_000,
};
export const IMPATIENT = { ...TIMINGS, hungAfterMs: 1_500 };

/** Resolves with who owns the database, once the standby knows. */
export function ownerSeenBy(standby: Store): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const look = (health: StoreHealth): void => {
    if (health.kind === 'standby' && health.owner !== null) resolve(health.owner);
  };
  standby.onHealth(look);
  look(standby.health());
  return promise;
}

/** Its journal in order, which has no gaps. */
export async function linesOf(database: PostgresStoreDatabase): Promise<readonly string[]> {
  const rows = await database.query('SELECT seq, sid, saga_seq FROM backstep.journal ORDER BY seq');
  expect(rows.map(([seq]) => Number(seq))).toEqual(rows.map((_, index) => index + 1));
  return rows.map(([, sid, sagaSeq]) => `${String(sid)}/${String(sagaSeq)}`);
}
