/**
 * Reads for the upkeep of stored sagas: those of an old version, those whose version was gone.
 *
 * Invariant: each is one statement in bounded time, whatever the size of the table.
 */
import type { Kysely } from 'kysely';
import type { EngineTables } from './schema.ts';

/** A saga that was parked because its version was not registered. */
export interface ParkedForVersion {
  readonly sid: number;
  readonly type: string;
  readonly version: number;
}

export interface UpkeepReads {
  /** Internal ids of sagas of that version that have not ended, within a range of ids. */
  ofVersion(
    type: string,
    version: number,
    range: { readonly afterSid: number; readonly untilSid: number },
  ): Promise<readonly number[]>;
  parkedForVersion(afterSid: number, limit: number): Promise<readonly ParkedForVersion[]>;
}

export function createUpkeepReads(db: Kysely<EngineTables>): UpkeepReads {
  return {
    async ofVersion(type, version, { afterSid, untilSid }) {
      const rows = await db
        .selectFrom('sagas')
        .select('sid')
        .where('sid', '>', afterSid)
        .where('sid', '<=', untilSid)
        .where('type', '=', type)
        .where('version', '=', version)
        .where('ended_at', 'is', null)
        .orderBy('sid')
        .execute();
      return rows.map(({ sid }) => sid);
    },

    parkedForVersion(afterSid, limit) {
      return db
        .selectFrom('sagas')
        .select(['sid', 'type', 'version'])
        .where('status', '=', 'parked')
        .where('sid', '>', afterSid)
        .where('error', 'like', 'version-missing:%')
        .orderBy('sid')
        .limit(limit)
        .execute();
    },
  };
}
