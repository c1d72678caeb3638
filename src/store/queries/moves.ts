/**
 * Sagas that leave for another database: what is read of them, and what is written of those that
 * come.
 *
 * Invariant: each read is one statement; nothing of a saga that leaves is changed before it has left.
 */
import type { Compilable, Insertable, Kysely } from 'kysely';
import type { ExpectedStatement } from '../../core/activity.ts';
import { statementOf } from '../dialect.ts';
import { messagesOf, removalsOfMessages } from './messages-of-saga.ts';
import type {
  AuditTable,
  DeadLettersTable,
  EngineTables,
  JournalTable,
  MovedSagasTable,
  OutboxTable,
  PendingStartsTable,
  SagasTable,
  StartKeysTable,
} from '../schema.ts';

type Db = Kysely<EngineTables>;

/** The internal id in the note that a saga left, once it is here again. */
export const CAME_BACK = 0;
/** Rows of one statement: SQLite takes some 32,000 values, PostgreSQL 65,000. */
const ROWS_A_STATEMENT = 500;

/** What hangs off one saga, but for its journal. */
export interface SagaParts {
  readonly startKey: StartKeysTable | null;
  readonly pendingStart: PendingStartsTable | null;
  readonly letters: readonly DeadLettersTable[];
  readonly audit: readonly AuditTable[];
  readonly messages: readonly OutboxTable[];
}

export interface MoveReads {
  /** A saga and those that it started, and so on, by internal id. */
  family(root: string): Promise<readonly SagasTable[]>;
  row(sid: number): Promise<SagasTable | null>;
  parts(row: Pick<SagasTable, 'sid' | 'type' | 'key'>): Promise<SagaParts>;
  /** In order, of the records after `after` up to `until`. */
  journal(
    sid: number,
    range: { readonly after: number; readonly until: number },
    limit: number,
  ): Promise<readonly JournalTable[]>;
  /** Where the saga stands, as its journal says it last. */
  path(sid: number): Promise<string>;
  /** Rows of a move in a phase, by the saga's id. */
  ofMove(
    move: string,
    phase: MovedSagasTable['phase'],
    after: string,
    limit: number,
  ): Promise<readonly MovedSagasTable[]>;
  /** All that is known of moves of a saga. */
  ofSaga(sagaId: string): Promise<readonly MovedSagasTable[]>;
  /** The move to that place that is not done; `null`: there is none. */
  openMoveTo(place: string): Promise<string | null>;
}

export function createMoveReads(db: Db): MoveReads {
  return { ...readsOfSagas(db), ...readsOfNotes(db) };
}

function readsOfSagas(db: Db): Pick<MoveReads, 'family' | 'row' | 'parts' | 'journal' | 'path'> {
  return {
    family: (root) =>
      db
        .selectFrom('sagas')
        .selectAll()
        .where((eb) =>
          // A child's id is that of its parent and more; `/` is what comes after the dot.
          eb.or([
            eb('id', '=', root),
            eb.and([eb('id', '>', `${root}.`), eb('id', '<', `${root}/`)]),
          ]),
        )
        .orderBy('sid')
        .execute(),

    async row(sid) {
      const row = db.selectFrom('sagas').selectAll().where('sid', '=', sid);
      return (await row.executeTakeFirst()) ?? null;
    },

    async parts({ sid, type, key }) {
      const startKey =
        key === null
          ? undefined
          : await db
              .selectFrom('start_keys')
              .selectAll()
              .where('type', '=', type)
              .where('key', '=', key)
              .executeTakeFirst();
      const pendingStart = await db
        .selectFrom('pending_starts')
        .selectAll()
        .where('sid', '=', sid)
        .executeTakeFirst();
      return {
        startKey: startKey ?? null,
        pendingStart: pendingStart ?? null,
        letters: await db
          .selectFrom('dead_letters')
          .selectAll()
          .where('sid', '=', sid)
          .orderBy('id')
          .execute(),
        audit: await db
          .selectFrom('audit')
          .selectAll()
          .where('sid', '=', sid)
          .orderBy('id')
          .execute(),
        messages: await messagesOf(db, sid),
      };
    },

    journal: (sid, { after, until }, limit) =>
      db
        .selectFrom('journal')
        .selectAll()
        .where('sid', '=', sid)
        .where('saga_seq', '>', after)
        .where('saga_seq', '<=', until)
        .orderBy('saga_seq')
        .limit(limit)
        .execute(),

    async path(sid) {
      const row = await db
        .selectFrom('journal')
        .select('to_state')
        .where('sid', '=', sid)
        .orderBy('saga_seq', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row?.to_state ?? '';
    },
  };
}

function readsOfNotes(db: Db): Pick<MoveReads, 'ofMove' | 'ofSaga' | 'openMoveTo'> {
  return {
    ofMove: (move, phase, after, limit) =>
      db
        .selectFrom('moved_sagas')
        .selectAll()
        .where('move', '=', move)
        .where('phase', '=', phase)
        .where('saga_id', '>', after)
        .orderBy('saga_id')
        .limit(limit)
        .execute(),

    ofSaga: (sagaId) =>
      db.selectFrom('moved_sagas').selectAll().where('saga_id', '=', sagaId).execute(),

    async openMoveTo(place) {
      const row = await db
        .selectFrom('moved_sagas')
        .select('move')
        .where('phase', '=', 'leaving')
        .where('place', '=', place)
        .limit(1)
        .executeTakeFirst();
      return row?.move ?? null;
    },
  };
}

/** Says in a database that its sagas run elsewhere. */
export function projectionStatement(db: Db): ExpectedStatement {
  return statementOf(db.updateTable('engine').set({ is_projection: 1 }).where('id', '=', 1));
}

/** Notes that a saga leaves; a move that is repeated finds it there. */
export function leavingStatement(db: Db, row: MovedSagasTable): ExpectedStatement {
  return statementOf(db.insertInto('moved_sagas').values(row));
}

/** Notes that it has left, and forgets what it had to say: that is said where it went. */
export function goneStatements(
  db: Db,
  { saga_id: sagaId, move, sid }: MovedSagasTable,
  atMs: number,
): readonly ExpectedStatement[] {
  const gone = { phase: 'gone', at: atMs, standing: null } as const;
  return [
    ...removalsOfMessages(db, sid),
    // Its alerts are over here.
    db
      .updateTable('alert_marks')
      .set({ ended_at: atMs })
      .where('sid', '=', sid)
      .where('ended_at', 'is', null),
    db.updateTable('moved_sagas').set(gone).where('saga_id', '=', sagaId).where('move', '=', move),
  ].map(statementOf);
}

/** Forgets that it was to leave. */
export function backStatement(
  db: Db,
  { saga_id: sagaId, move }: MovedSagasTable,
): ExpectedStatement {
  const row = db.deleteFrom('moved_sagas').where('saga_id', '=', sagaId);
  return statementOf(row.where('move', '=', move));
}

/** Removes what a saga that left has behind, all of it, before it comes back. */
export function removalOfMoved(
  db: Db,
  { sid, id }: Pick<SagasTable, 'sid' | 'id'>,
): readonly ExpectedStatement[] {
  return [...removalsOf(db, [sid]), db.deleteFrom('start_keys').where('saga_id', '=', id)].map(
    statementOf,
  );
}

function removalsOf(db: Db, sids: readonly number[]): readonly Compilable[] {
  return (['journal', 'audit', 'dead_letters', 'sagas'] as const).map((table) =>
    db.deleteFrom(table).where('sid', 'in', sids),
  );
}

/** A family that comes, its internal ids and seqs given. */
export interface Arriving {
  readonly sagas: readonly SagasTable[];
  readonly journal: readonly JournalTable[];
  readonly startKeys: readonly StartKeysTable[];
  readonly pendingStarts: readonly PendingStartsTable[];
  readonly letters: readonly Omit<DeadLettersTable, 'id'>[];
  readonly audit: readonly Omit<AuditTable, 'id'>[];
  readonly messages: readonly OutboxTable[];
  readonly moved: readonly MovedSagasTable[];
  /** Internal ids of what is left of sagas that had left from here before. */
  readonly left: readonly number[];
}

/** Writes it, all or nothing. */
export function arrivalStatements(db: Db, family: Arriving): readonly ExpectedStatement[] {
  const { left } = family;
  const removals: Compilable[] =
    left.length === 0
      ? []
      : [
          ...removalsOf(db, left),
          // Kept, so that the old file of one that came back brings nothing here.
          db
            .updateTable('moved_sagas')
            .set({ sid: CAME_BACK })
            .where('phase', '=', 'gone')
            .where('sid', 'in', left),
        ];
  const inserts: Compilable[] = [
    ...insertsInto('sagas', family.sagas),
    ...insertsInto('journal', family.journal),
    // What left from here and comes back finds its key.
    ...chunksOf(family.startKeys).map((rows) =>
      db
        .insertInto('start_keys')
        .values(rows)
        .onConflict((key) => key.doNothing()),
    ),
    ...insertsInto('pending_starts', family.pendingStarts),
    // The database numbers these.
    ...chunksOf(family.letters).map((rows) =>
      db.insertInto('dead_letters').values(rows as readonly Insertable<DeadLettersTable>[]),
    ),
    ...chunksOf(family.audit).map((rows) =>
      db.insertInto('audit').values(rows as readonly Insertable<AuditTable>[]),
    ),
    ...insertsInto('outbox', family.messages),
    ...insertsInto('moved_sagas', family.moved),
  ];

  function insertsInto<Table extends keyof EngineTables>(
    table: Table,
    rows: readonly Insertable<EngineTables[Table]>[],
  ): readonly Compilable[] {
    return chunksOf(rows).map((chunk) => db.insertInto(table).values(chunk));
  }

  // Rules of alerts are held against what comes, as against what was there before them.
  const rescan = db.updateTable('alert_rules').set({ scanned_sid: 0 });
  return [...removals, ...inserts, rescan].map(statementOf);
}

function chunksOf<Row>(rows: readonly Row[]): readonly (readonly Row[])[] {
  const chunks: (readonly Row[])[] = [];
  for (let start = 0; start < rows.length; start += ROWS_A_STATEMENT) {
    chunks.push(rows.slice(start, start + ROWS_A_STATEMENT));
  }
  return chunks;
}
