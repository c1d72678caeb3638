/**
 * The engine's own tables: sagas, their journal, and what hangs off a turn.
 *
 * Never edited after a release; a change is a new numbered file. Invariant: `src/store/schema.ts`
 * describes exactly what this and later files of the engine create (test/store compares them).
 *
 * Keep it lean: every turn writes one row of `sagas` and one of `journal`, so each index here is
 * paid for at every turn. Long columns stand last, so that short ones are read without overflow
 * pages.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
}

const STATEMENTS: readonly string[] = [
  `CREATE TABLE sagas (
    sid INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    definition_hash TEXT NOT NULL,
    key TEXT,
    status TEXT NOT NULL,
    seq INTEGER NOT NULL,
    wake_at INTEGER,
    checksum INTEGER NOT NULL,
    step TEXT,
    attempts INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ended_at INTEGER,
    error TEXT,
    state TEXT NOT NULL
  ) STRICT`,
  // `type` rides along so that counts per status and type never touch the wide rows.
  `CREATE INDEX sagas_by_status ON sagas (status, sid, type)`,
  `CREATE INDEX sagas_by_wake ON sagas (wake_at, sid) WHERE wake_at IS NOT NULL`,

  `CREATE TABLE journal (
    seq INTEGER PRIMARY KEY,
    sid INTEGER NOT NULL,
    saga_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    cause TEXT NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    status TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT`,
  `CREATE UNIQUE INDEX journal_by_saga ON journal (sid, saga_seq)`,

  // The id is made of the journal's seq and the position, see src/store/outbox-id.ts: one order
  // over all sagas, known before the insert.
  `CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    sid INTEGER NOT NULL,
    saga_seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT`,

  // Keys outlive their sagas: no reference to `sagas`, and nothing here is deleted with one.
  `CREATE TABLE start_keys (
    type TEXT NOT NULL,
    key TEXT NOT NULL,
    input_hash TEXT NOT NULL,
    saga_id TEXT NOT NULL,
    PRIMARY KEY (type, key)
  ) STRICT, WITHOUT ROWID`,

  `CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    sid INTEGER NOT NULL,
    kind TEXT NOT NULL,
    letter TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    resolved_at INTEGER
  ) STRICT`,
  `CREATE UNIQUE INDEX dead_letters_open ON dead_letters (sid) WHERE resolved_at IS NULL`,

  `CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    sid INTEGER NOT NULL,
    saga_seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    command TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT
  ) STRICT`,
  `CREATE INDEX audit_by_saga ON audit (sid, id)`,

  `CREATE TABLE engine (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    owner_epoch INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO engine (id, owner_epoch) VALUES (1, 0)`,

  // A projection of the stored state: no row of its own to keep in step with it.
  `CREATE VIEW saga_steps AS
    SELECT
      s.id AS saga_id,
      s.sid AS sid,
      e.key AS position,
      e.value ->> '$.name' AS step_name,
      e.value ->> '$.occurrence' AS occurrence,
      e.value ->> '$.status' AS status,
      e.value ->> '$.attempts' AS attempts,
      e.value ->> '$.startedAtMs' AS started_at,
      e.value ->> '$.endedAtMs' AS ended_at,
      coalesce(
        (e.value ->> '$.compensation.error.code') || ': ' ||
          (e.value ->> '$.compensation.error.message'),
        (e.value ->> '$.error.code') || ': ' || (e.value ->> '$.error.message')
      ) AS error,
      e.value ->> '$.compensation.name' AS compensation_name,
      e.value ->> '$.compensation.status' AS compensation_status,
      e.value ->> '$.compensation.attempts' AS compensation_attempts,
      e.value ->> '$.compensation.startedAtMs' AS compensation_started_at,
      e.value ->> '$.compensation.endedAtMs' AS compensation_ended_at
    FROM sagas AS s, json_each(s.state, '$.steps') AS e`,
];
