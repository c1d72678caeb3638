/**
 * The messages of one saga that nobody acknowledged.
 *
 * They are found by the turns they are of: the outbox has no index on the saga, which every message
 * would pay for.
 */
import { type Compilable, type Kysely, sql } from 'kysely';
import { MESSAGE_FACTORS } from '../outbox-id.ts';
import type { EngineTables, OutboxTable } from '../schema.ts';

type Db = Kysely<EngineTables>;

/** In their order. */
export async function messagesOf(db: Db, sid: number): Promise<readonly OutboxTable[]> {
  const found: OutboxTable[] = [];
  for (const perTurn of MESSAGE_FACTORS) {
    found.push(...(await ofTurns(db, sid, perTurn).selectAll('outbox').execute()));
  }
  return found.toSorted((one, other) => one.id - other.id);
}

/** Statements that remove them. */
export function removalsOfMessages(db: Db, sid: number): readonly Compilable[] {
  return MESSAGE_FACTORS.map((perTurn) =>
    db.deleteFrom('outbox').where('id', 'in', ofTurns(db, sid, perTurn).select('outbox.id')),
  );
}

function ofTurns(db: Db, sid: number, perTurn: number) {
  return db
    .selectFrom('journal')
    .innerJoin('outbox', (join) =>
      join
        .on('outbox.id', '>=', sql<number>`${sql.ref('journal.seq')} * ${sql.lit(perTurn)}`)
        .on('outbox.id', '<', sql<number>`(${sql.ref('journal.seq')} + 1) * ${sql.lit(perTurn)}`),
    )
    .where('journal.sid', '=', sid)
    .where('outbox.sid', '=', sid);
}
