/**
 * The engine's tables in PostgreSQL: what migrations/engine makes in a file of SQLite, in a schema.
 *
 * Never edited after a release; a change is a new numbered file. Invariant: `src/store/schema.ts`
 * describes what this and later files create, and test/store compares them.
 *
 * Everything is named with its schema: whose `search_path` it is does not matter. Text is compared
 * byte by byte, as in SQLite. Most turns change neither where a saga stands nor when it wakes; no
 * index has a column that those write, so that their rows are changed in place (HOT): measured, an
 * index with the step in it makes each turn write 40% more log and costs the server twice the time.
 */
import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>, schema: string): Promise<void> {
  const home = `"${schema}"`;
  const statements = [
    ...marks(home),
    ...sagas(home),
    ...listed(home),
    ...turns(home),
    ...starts(home),
    ...commands(home),
    ...ownership(home),
    steps(home),
  ];
  for (const statement of statements) await sql.raw(statement).execute(db);
}

const TEXT = 'text COLLATE "C"';
/** What the removal of sagas leaves is to be used again before a fifth of the table is that. */
const REMOVED_FROM = 'WITH (autovacuum_vacuum_scale_factor = 0.05)';

/** That the schema is ours, and which shard of an engine it has: 0, there is no other yet. */
function marks(home: string): readonly string[] {
  return [
    `CREATE TABLE ${home}.marks (name ${TEXT} PRIMARY KEY, value ${TEXT} NOT NULL)`,
    `INSERT INTO ${home}.marks VALUES ('product', 'backstep'), ('shard', '0')`,
  ];
}

function sagas(home: string): readonly string[] {
  return [
    // Half of each page stays free for the next version of its rows.
    `CREATE TABLE ${home}.sagas (
      sid bigint PRIMARY KEY,
      id ${TEXT} NOT NULL UNIQUE,
      type ${TEXT} NOT NULL,
      version bigint NOT NULL,
      definition_hash ${TEXT} NOT NULL,
      key ${TEXT},
      status ${TEXT} NOT NULL,
      seq bigint NOT NULL,
      wake_at bigint,
      checksum bigint NOT NULL,
      step ${TEXT},
      attempts bigint NOT NULL,
      created_at bigint NOT NULL,
      updated_at bigint NOT NULL,
      ended_at bigint,
      format bigint NOT NULL DEFAULT 1,
      error ${TEXT},
      state ${TEXT} NOT NULL
    ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)`,
    // The type rides along so that counts per status and type never touch the wide rows.
    `CREATE INDEX sagas_by_status ON ${home}.sagas (status, sid, type)`,
    `CREATE INDEX sagas_by_wake ON ${home}.sagas (wake_at, sid) WHERE wake_at IS NOT NULL`,
    `CREATE INDEX sagas_by_end ON ${home}.sagas (ended_at, sid) WHERE ended_at IS NOT NULL`,
    // Type and version ride along for the counts per version.
    `CREATE INDEX sagas_under_way ON ${home}.sagas (sid) INCLUDE (type, version)
      WHERE ended_at IS NULL`,
  ];
}

/**
 * What lists of sagas are found in. Rows of `sagas` hold the state: with 200,000 of 1.2 kB a filter
 * that matches little had to read 800 MB. An ended saga changes no more, so what lists ask of it is
 * written once more, narrow, when it ends; only those under way are looked for in `sagas`.
 */
function listed(home: string): readonly string[] {
  const columns =
    'sid, status, type, version, step, attempts, updated_at, ended_at, key, id, error';
  return [
    `CREATE TABLE ${home}.ended_sagas (
      sid bigint PRIMARY KEY,
      status ${TEXT} NOT NULL,
      type ${TEXT} NOT NULL,
      version bigint NOT NULL,
      step ${TEXT},
      attempts bigint NOT NULL,
      updated_at bigint NOT NULL,
      ended_at bigint NOT NULL,
      key ${TEXT},
      id ${TEXT} NOT NULL,
      error ${TEXT}
    ) ${REMOVED_FROM}`,
    `CREATE VIEW ${home}.listed_sagas AS
      SELECT ${columns} FROM ${home}.sagas WHERE ended_at IS NULL
      UNION ALL SELECT ${columns} FROM ${home}.ended_sagas`,
    `CREATE FUNCTION ${home}.note_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM ${home}.ended_sagas WHERE sid = NEW.sid;
      IF NEW.ended_at IS NOT NULL THEN
        INSERT INTO ${home}.ended_sagas (${columns})
          VALUES (${columns.replaceAll(/\w+/g, 'NEW.$&')});
      END IF;
      RETURN NULL;
    END $$`,
    `CREATE TRIGGER note_start AFTER INSERT ON ${home}.sagas
      FOR EACH ROW WHEN (NEW.ended_at IS NOT NULL) EXECUTE FUNCTION ${home}.note_end()`,
    // A saga's first end is written by the batch that ends it, all of them at once: measured, a
    // trigger for each was a seventh of what the server did. It is for those that go on, or end anew.
    `CREATE TRIGGER note_end AFTER UPDATE OF ended_at ON ${home}.sagas
      FOR EACH ROW WHEN (OLD.ended_at IS NOT NULL) EXECUTE FUNCTION ${home}.note_end()`,
    `CREATE FUNCTION ${home}.forget_ends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      DELETE FROM ${home}.ended_sagas WHERE sid IN (SELECT sid FROM gone);
      RETURN NULL;
    END $$`,
    `CREATE TRIGGER forget_ends AFTER DELETE ON ${home}.sagas
      REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ${home}.forget_ends()`,
  ];
}

function turns(home: string): readonly string[] {
  return [
    `CREATE TABLE ${home}.journal (
      seq bigint PRIMARY KEY,
      sid bigint NOT NULL,
      saga_seq bigint NOT NULL,
      at bigint NOT NULL,
      kind ${TEXT} NOT NULL,
      cause ${TEXT} NOT NULL,
      event ${TEXT} NOT NULL,
      from_state ${TEXT},
      to_state ${TEXT} NOT NULL,
      status ${TEXT} NOT NULL,
      format bigint NOT NULL DEFAULT 1,
      data ${TEXT} NOT NULL
    ) ${REMOVED_FROM}`,
    `CREATE UNIQUE INDEX journal_by_saga ON ${home}.journal (sid, saga_seq)`,
    // The id is made of the journal's seq and the position: one order over all sagas.
    `CREATE TABLE ${home}.outbox (
      id bigint PRIMARY KEY,
      sid bigint NOT NULL,
      saga_seq bigint NOT NULL,
      position bigint NOT NULL,
      event ${TEXT} NOT NULL,
      data ${TEXT} NOT NULL
    )`,
    `CREATE TABLE ${home}.dead_letters (
      id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      sid bigint NOT NULL,
      kind ${TEXT} NOT NULL,
      letter ${TEXT} NOT NULL,
      opened_at bigint NOT NULL,
      resolved_at bigint
    )`,
    `CREATE UNIQUE INDEX dead_letters_open ON ${home}.dead_letters (sid)
      WHERE resolved_at IS NULL`,
    `CREATE TABLE ${home}.audit (
      id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      sid bigint NOT NULL,
      saga_seq bigint NOT NULL,
      at bigint NOT NULL,
      command ${TEXT} NOT NULL,
      by ${TEXT} NOT NULL,
      reason ${TEXT}
    ) ${REMOVED_FROM}`,
    `CREATE INDEX audit_by_saga ON ${home}.audit (sid, id)`,
  ];
}

function starts(home: string): readonly string[] {
  return [
    // Keys outlive their sagas: no reference to `sagas`, and nothing here is deleted with one.
    `CREATE TABLE ${home}.start_keys (
      type ${TEXT} NOT NULL,
      key ${TEXT} NOT NULL,
      input_hash ${TEXT} NOT NULL,
      saga_id ${TEXT} NOT NULL,
      final_status ${TEXT},
      PRIMARY KEY (type, key)
    )`,
    // Written once, when the saga is removed: no start and no turn pays for it.
    `CREATE INDEX start_keys_of_removed ON ${home}.start_keys (saga_id)
      WHERE final_status IS NOT NULL`,
    // position: the journal seq of the turn that put the saga in the queue of its type; null while
    // it waits for its time, which is start_at.
    `CREATE TABLE ${home}.pending_starts (
      sid bigint PRIMARY KEY,
      type ${TEXT} NOT NULL,
      position bigint,
      start_at bigint
    )`,
    `CREATE INDEX pending_starts_by_position ON ${home}.pending_starts (type, position)`,
  ];
}

function commands(home: string): readonly string[] {
  return [
    // Written after its items: a list that is there is whole.
    `CREATE TABLE ${home}.bulk_commands (
      id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      command ${TEXT} NOT NULL,
      by ${TEXT} NOT NULL,
      reason ${TEXT},
      filter ${TEXT},
      total bigint NOT NULL,
      created_at bigint NOT NULL,
      started_at bigint,
      ended_at bigint
    )`,
    `CREATE TABLE ${home}.bulk_items (
      bulk_id bigint NOT NULL,
      position bigint NOT NULL,
      saga_id ${TEXT} NOT NULL,
      outcome ${TEXT},
      status ${TEXT},
      detail ${TEXT},
      PRIMARY KEY (bulk_id, position)
    )`,
    // The id '*' stands for every session that was begun before that time.
    `CREATE TABLE ${home}.revoked_sessions (id ${TEXT} PRIMARY KEY, until bigint NOT NULL)`,
  ];
}

function ownership(home: string): readonly string[] {
  return [
    `CREATE TABLE ${home}.engine (
      id bigint PRIMARY KEY CHECK (id = 1),
      owner_epoch bigint NOT NULL,
      left_clean bigint NOT NULL DEFAULT 0,
      removal_held_ms bigint
    )`,
    `INSERT INTO ${home}.engine (id, owner_epoch) VALUES (1, 0)`,
    // Apart from the engine's row, which every batch holds: a beat never waits for one.
    `CREATE TABLE ${home}.beats (
      id bigint PRIMARY KEY CHECK (id = 1),
      instance ${TEXT},
      owner ${TEXT},
      since bigint,
      at timestamptz
    ) WITH (fillfactor = 10)`,
    `INSERT INTO ${home}.beats (id) VALUES (1)`,
    `CREATE TABLE ${home}.feed_epochs (
      id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
      name ${TEXT} NOT NULL UNIQUE,
      after_seq bigint NOT NULL
    )`,
    // Shared: every batch has it for as long as it lasts, and leaves no new version of the row.
    `CREATE FUNCTION ${home}.assert_owner(epoch bigint) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM 1 FROM ${home}.engine WHERE id = 1 AND owner_epoch = epoch FOR SHARE;
      IF NOT FOUND THEN
        RAISE EXCEPTION 'another process took the database over' USING ERRCODE = 'BS001';
      END IF;
    END $$`,
    `CREATE FUNCTION ${home}.assert_count(actual bigint, expected bigint) RETURNS void
    LANGUAGE plpgsql AS $$
    BEGIN
      IF actual <> expected THEN
        RAISE EXCEPTION '% of % rows were as expected', actual, expected USING ERRCODE = 'BS002';
      END IF;
    END $$`,
  ];
}

/**
 * A projection of the stored state. PostgreSQL refuses all of a text in which a NUL or half a
 * surrogate pair is escaped, anywhere: those are replaced, or one such saga would fail every read.
 */
function steps(home: string): string {
  const of = (...path: readonly string[]): string => `e.value #>> '{${path.join(',')}}'`;
  const number = (...path: readonly string[]): string => `(${of(...path)})::bigint`;
  const error = (...path: readonly string[]): string =>
    `${of(...path, 'error', 'code')} || ': ' || (${of(...path, 'error', 'message')})`;
  return `CREATE VIEW ${home}.saga_steps AS
    SELECT
      s.id AS saga_id,
      s.sid AS sid,
      e.position - 1 AS position,
      ${of('name')} AS step_name,
      ${number('occurrence')} AS occurrence,
      ${of('status')} AS status,
      ${number('attempts')} AS attempts,
      ${number('startedAtMs')} AS started_at,
      ${number('endedAtMs')} AS ended_at,
      coalesce(${error('compensation')}, ${error()}) AS error,
      ${of('compensation', 'name')} AS compensation_name,
      ${of('compensation', 'status')} AS compensation_status,
      ${number('compensation', 'attempts')} AS compensation_attempts,
      ${number('compensation', 'startedAtMs')} AS compensation_started_at,
      ${number('compensation', 'endedAtMs')} AS compensation_ended_at
    FROM ${home}.sagas AS s,
      json_array_elements((CASE WHEN strpos(s.state, '\\u') = 0 THEN s.state ELSE
        regexp_replace(s.state, '\\\\u(0000|d[89a-f][0-9a-f]{2})', '\\\\ufffd', 'g') END)::json
        -> 'steps') WITH ORDINALITY AS e (value, position)`;
}
